#include "connectors/engine/runner.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace gantry::connectors {

namespace asio = boost::asio;

ConnectorRunner::ConnectorRunner(asio::any_io_executor executor, const std::string& name,
                                 DeliveryLimits limits, const ConnectorFactory& factory,
                                 Outbox& outbox, Worker& outbox_worker, EngineContext context)
    : executor_(std::move(executor)),
      outbox_(outbox),
      outbox_worker_(outbox_worker),
      context_(context),
      engine_(name, limits, context),
      timer_(executor_),
      tasks_(executor_),
      attempts_("deliver-" + name, limits.concurrency, limits.concurrency + 1) {
    for (std::size_t slot = 0; slot < limits.concurrency; ++slot) {
        connectors_.push_back(factory());
        free_slots_.push_back(slot);
    }
}

ConnectorRunner::~ConnectorRunner() { attempts_.join(); }

void ConnectorRunner::start() { tasks_.spawn(run()); }

void ConnectorRunner::notify() {
    asio::post(executor_, [this] {
        engine_.notify();
        wake();
    });
}

asio::awaitable<void> ConnectorRunner::stop() {
    engine_.stop();
    wake();
    co_await tasks_.join();
}

asio::awaitable<void> ConnectorRunner::run() {
    while (true) {
        Step step = engine_.next();
        if (std::holds_alternative<StoppedStep>(step)) break;
        if (auto* wanted = std::get_if<LeaseStep>(&step)) {
            co_await lease(*wanted);
        } else if (auto* verdict = std::get_if<SettleStep>(&step)) {
            co_await settle(std::move(*verdict));
        } else if (auto* begun = std::get_if<AttemptStep>(&step)) {
            begin(std::move(*begun));
        } else if (auto* idle = std::get_if<WaitStep>(&step)) {
            co_await wait(idle->until);
        }
    }
}

asio::awaitable<void> ConnectorRunner::lease(LeaseStep step) {
    auto job = [this, step, now = context_.clock.now()] {
        return perform(step, engine_.name(), now, outbox_);
    };
    auto answer = co_await outbox_worker_.run(std::move(job));
    engine_.leased(std::move(answer));
}

asio::awaitable<void> ConnectorRunner::settle(SettleStep step) {
    auto job = [this, &step] { return outbox_.settle(step.settlements); };
    const auto answer = co_await outbox_worker_.run(std::move(job));
    engine_.settled(step, answer);
}

// The engine holds at most `concurrency` rows, so that a slot is always free here.
void ConnectorRunner::begin(AttemptStep step) {
    const std::size_t slot = free_slots_.back();
    free_slots_.pop_back();
    tasks_.spawn(attempt(std::move(step), slot));
}

asio::awaitable<void> ConnectorRunner::attempt(AttemptStep step, std::size_t slot) {
    const DeliveryId id = step.row.delivery.id;
    const auto begin = context_.clock.steady_now();
    auto job = [connector = connectors_[slot].get(),
                held = std::move(step)]() -> Result<DeliveryResult> {
        return connector->deliver(held.row.delivery, held.row.remote_id, held.timeout);
    };
    auto result = co_await attempts_.run(std::move(job));
    free_slots_.push_back(slot);
    const auto elapsed = std::chrono::ceil<Millis>(context_.clock.steady_now() - begin);
    if (result) {
        engine_.finished(id, *result, elapsed);
    } else {
        engine_.finished(id, DeliveryResult::retry_later(Cause::busy, result.error().message),
                         elapsed);
    }
    wake();
}

asio::awaitable<void> ConnectorRunner::wait(std::chrono::steady_clock::time_point until) {
    if (!woken_) {
        timer_.expires_after(until - context_.clock.steady_now());
        boost::system::error_code ignored;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    woken_ = false;
}

void ConnectorRunner::wake() {
    woken_ = true;
    timer_.cancel();
}

}  // namespace gantry::connectors
