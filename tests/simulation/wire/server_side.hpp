// The server's half of the wire: the real desk, book and engine over a journal in memory and a real
// store. What a kill -9 takes away goes in crash(): everything but the journal and the store.
#pragma once

#include <memory>
#include <string>

#include "collector/ingest/agent_desk.hpp"
#include "tests/support/engine_world.hpp"
#include "tests/support/records_builders.hpp"

namespace gantry::simulation {

class ServerSide {
public:
    explicit ServerSide(std::uint64_t seed);

    // Enrols a machine; the reply of the first call, or of a repeat.
    EnrolReply enrol(const std::string& boot = "boot-1", const Facts& facts = test::machine(1));
    // One request to its end, as the listener hands it over.
    http::Response report(const std::string& credential, const std::string& body);
    void crash();
    // From now on the store refuses, and records wait in the journal; until it is healed.
    void let_store_fail() { world_.faults.failing = test::Faults::k_for_ever; }
    void heal();
    void fold_all() { world_.until_folded(); }

    [[nodiscard]] test::SimClock& clock() { return world_.clock; }
    [[nodiscard]] storage::Connection& rows() { return *world_.look; }
    [[nodiscard]] const std::vector<journal::Record>& journal() const {
        return world_.journal.records;
    }

private:
    void start();
    http::Response call(const std::string& path, const std::string& credential,
                        const std::string& body);

    class OnePolicy final : public PolicySource {
    public:
        PolicyDocument effective(const EndpointPlace&) override { return {"etag", "{}", 15}; }
    };
    class OneToken final : public EnrolmentTokens {
    public:
        boost::asio::awaitable<Result<records::Token>> find(std::string hash) override;
        records::Token token;
    };

    test::EngineWorld world_;
    OnePolicy policies_;
    OneToken tokens_;
    SeededRandom random_;
    std::unique_ptr<collector::AgentBook> book_;
    std::unique_ptr<collector::AgentDesk> desk_;
};

}  // namespace gantry::simulation
