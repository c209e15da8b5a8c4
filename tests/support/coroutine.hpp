// run(): drives one awaitable to its end on an io_context of its own and gives its result.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace gantry::test {

template <class T>
T run(boost::asio::io_context& context, boost::asio::awaitable<T> work) {
    std::optional<T> result;
    std::exception_ptr error;
    boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr thrown, T value) {
        error = thrown;
        if (!thrown) result.emplace(std::move(value));
    });
    context.restart();
    context.run();
    if (error) std::rethrow_exception(error);
    if (!result) throw std::logic_error("the coroutine did not end");
    return std::move(*result);
}

inline void run(boost::asio::io_context& context, boost::asio::awaitable<void> work) {
    std::exception_ptr error;
    boost::asio::co_spawn(context, std::move(work),
                          [&](std::exception_ptr thrown) { error = thrown; });
    context.restart();
    context.run();
    if (error) std::rethrow_exception(error);
}

}  // namespace gantry::test
