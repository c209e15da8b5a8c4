#include "collector/ingest/presence.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>

#include "core/async/task_group.hpp"

namespace gantry::collector {
namespace asio = boost::asio;
namespace {

constexpr std::size_t k_max_told_at_once = 256;
constexpr Millis k_no_silence{0};
constexpr std::int64_t k_max_interval_s = 3'600;  // what an agent takes at most

Millis since(SteadyTime then, SteadyTime now) {
    return std::chrono::duration_cast<Millis>(now - then);
}

}  // namespace

Presence::Presence(AgentBook& book, EventGate& events, PolicySource& policies, const Clock& clock,
                   PresenceOptions options, telemetry::Registry& metrics, telemetry::Log log)
    : book_(book),
      events_(events),
      policies_(policies),
      clock_(clock),
      options_(options),
      log_(std::move(log)),
      online_(metrics.gauge("gantry_agents", "Endpoints by presence", {{"state", "online"}})),
      offline_(metrics.gauge("gantry_agents", "Endpoints by presence", {{"state", "offline"}})),
      late_(metrics.gauge("gantry_presence_late",
                          "Online endpoints that used up half of their grace")),
      held_back_(metrics.counter("gantry_presence_held_back_total",
                                 "Looks at which a silence was taken for our own fault")),
      stalls_(metrics.counter("gantry_presence_stalls_total",
                              "Times in which this process stood still too long to judge")) {}

void Presence::returned(AgentEntry& entry) { will_return(*entry.endpoint); }

void Presence::will_return(Endpoint& endpoint) {
    if (endpoint.return_awaits) return;
    endpoint.return_awaits = true;
    returned_.push_back(&endpoint);
}

Millis Presence::grace_of(const Endpoint& endpoint) const {
    return std::max(options_.grace, 3 * endpoint.interval);
}

bool Presence::is_silent(Endpoint& endpoint, SteadyTime now) {
    if (now - endpoint.heard_at <= options_.grace) return false;
    if (endpoint.interval == Millis{0}) {  // not heard since the start
        const auto& agent = endpoint.voice()->agent;
        const EndpointPlace place{agent.organisation, agent.site, agent.role, agent.agent_id};
        const auto seconds = std::min(policies_.effective(place).interval_s, k_max_interval_s);
        endpoint.interval = std::chrono::seconds{std::max<std::int64_t>(seconds, 1)};
    }
    return now - endpoint.heard_at > grace_of(endpoint);
}

void Presence::judge_sight(std::size_t online, std::size_t late, SteadyTime now) {
    const bool enough = online >= options_.mass_minimum;
    const std::size_t punctual = online - late;
    Sight sight = Sight::clear;
    if (enough && late >= options_.mass_minimum && late * 100 >= online * options_.mass_percent) {
        sight = Sight::mass;
        mass_until_ = now;
    }
    if (enough && punctual * 100 < online * options_.blind_below_percent) {
        sight = Sight::blind;
        blind_until_ = now;
    }
    if (sight == sight_) return;
    if (sight == Sight::clear) {
        log_.info("presence_clear", {{"online", online}, {"late", late}});
    } else if (sight == Sight::mass) {
        log_.warn("presence_mass_silence", {{"online", online}, {"late", late}});
    } else {
        log_.error(
            "presence_blind",
            {{"online", online}, {"late", late}, {"look_at", "the network before this server"}});
    }
    sight_ = sight;
}

// The silent ones by the order of their enrolment: the journal's order is ours to choose, and must
// not be a hash map's.
Presence::Endpoints Presence::look(SteadyTime now) {
    if (!looked_ || now - looked_at_ > options_.stall) {
        if (looked_) stalls_.add();
        blind_until_ = now;
        looked_ = true;
    }
    std::size_t online = 0;
    std::size_t offline = 0;
    std::size_t late = 0;
    Endpoints candidates;
    for (Endpoint& endpoint : book_.endpoints()) {
        const bool watched = endpoint.voice() != nullptr;
        if (endpoint.offline && !watched) will_return(endpoint);  // nobody is there to be missed
        if (!endpoint.reported || !watched) continue;
        ++(endpoint.offline ? offline : online);
        if (endpoint.offline) continue;
        if (2 * (now - endpoint.heard_at) > grace_of(endpoint)) ++late;
        if (is_silent(endpoint, now)) candidates.push_back(&endpoint);
    }
    online_.set(static_cast<std::int64_t>(online));
    offline_.set(static_cast<std::int64_t>(offline));
    late_.set(static_cast<std::int64_t>(late));
    judge_sight(online, late, now);
    const std::size_t before = candidates.size();
    std::erase_if(candidates, [&](const Endpoint* endpoint) {
        const Millis wait = grace_of(*endpoint) + options_.backoff_cap;
        if (endpoint->heard_at <= blind_until_) return now - blind_until_ <= wait;
        return endpoint->heard_at <= mass_until_ && now - endpoint->heard_at <= wait;
    });
    if (candidates.size() < before) held_back_.add();
    return candidates;
}

asio::awaitable<bool> Presence::append(Endpoint& endpoint, journal::Kind kind, Millis silence) {
    const AgentEntry* voice = endpoint.voice();
    const bool gone = !voice;
    if (gone) voice = endpoint.agents.back();
    nlohmann::ordered_json body{{"agent_id", voice->agent.agent_id}};
    if (kind == journal::Kind::endpoint_silent) {
        body["last_seen_ms"] = to_ms(endpoint.last_report_at);
        body["silence_ms"] = silence.count();
    } else if (gone) {
        body["revoked"] = true;
    }
    journal::Record record;
    record.received_at = clock_.now();
    record.organisation = endpoint.organisation;
    record.kind = kind;
    record.source = voice->agent.agent_id;
    record.body = body.dump();
    const auto accepted = co_await events_.accept(std::move(record));
    if (!accepted && !failure_told_) {
        failure_told_ = true;
        log_.warn("presence_not_recorded",
                  {{"agent_id", voice->agent.agent_id}, {"error", accepted.error().message}});
    }
    co_return accepted.has_value();
}

asio::awaitable<void> Presence::tell_returned(Endpoint* endpoint) {
    if (!endpoint->offline) co_return;
    const bool told = co_await append(*endpoint, journal::Kind::endpoint_returned, k_no_silence);
    if (!told) {
        will_return(*endpoint);
        co_return;
    }
    endpoint->offline = false;
    log_.info("endpoint_returned", {{"asset_id", endpoint->asset.value}});
}

// Others were told before it, and telling takes a flush: it may have come in meanwhile.
asio::awaitable<void> Presence::tell_silent(Endpoint* endpoint) {
    const SteadyTime now = clock_.steady_now();
    if (endpoint->offline || !endpoint->voice() || !is_silent(*endpoint, now)) co_return;
    const SteadyTime heard_at = endpoint->heard_at;
    const Millis silence = since(heard_at, now);
    const bool told = co_await append(*endpoint, journal::Kind::endpoint_silent, silence);
    if (!told) co_return;
    endpoint->offline = true;
    log_.info("endpoint_silent", {{"asset_id", endpoint->asset.value}});
    if (endpoint->heard_at != heard_at) will_return(*endpoint);
}

// Side by side, so that they share the journal's flushes.
asio::awaitable<void> Presence::tell_all(Endpoints endpoints, journal::Kind kind) {
    const bool silent = kind == journal::Kind::endpoint_silent;
    TaskGroup telling(co_await asio::this_coro::executor);
    for (std::size_t from = 0; from < endpoints.size(); from += k_max_told_at_once) {
        const std::size_t to = std::min(endpoints.size(), from + k_max_told_at_once);
        for (std::size_t i = from; i < to; ++i) {
            telling.spawn(silent ? tell_silent(endpoints[i]) : tell_returned(endpoints[i]));
        }
        co_await telling.join();
    }
}

asio::awaitable<void> Presence::check() {
    failure_told_ = false;
    auto silent = look(clock_.steady_now());
    auto returned = std::exchange(returned_, {});
    for (Endpoint* endpoint : returned) endpoint->return_awaits = false;
    co_await tell_all(std::move(returned), journal::Kind::endpoint_returned);
    co_await tell_all(std::move(silent), journal::Kind::endpoint_silent);
    looked_at_ = clock_.steady_now();
}

}  // namespace gantry::collector
