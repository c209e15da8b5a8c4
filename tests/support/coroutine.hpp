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

inline void run(boost::asio::io_context& context, boost::asio::awaitable<void> work) {
    std::exception_ptr error;
    boost::asio::co_spawn(context, std::move(work),
                          [&](std::exception_ptr thrown) { error = thrown; });
    context.restart();
    context.run();
    if (error) std::rethrow_exception(error);
}

template <class T>
boost::asio::awaitable<void> keep(boost::asio::awaitable<T> work, std::optional<T>& result) {
    result.emplace(co_await std::move(work));
}

template <class T>
T run(boost::asio::io_context& context, boost::asio::awaitable<T> work) {
    std::optional<T> result;
    run(context, keep(std::move(work), result));
    if (!result) throw std::logic_error("the coroutine did not end");
    return std::move(*result);
}

}  // namespace gantry::test
