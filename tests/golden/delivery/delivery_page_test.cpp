// docs/specs/delivery.md against what is sent: its document, its tables, its signature, its mail.
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "connectors/mail/mail.hpp"
#include "connectors/webhook/webhook.hpp"
#include "itsm/cmdb/asset_rows.hpp"
#include "itsm/outbox/outbox_writer.hpp"
#include "itsm/tickets/incident_machine.hpp"
#include "tests/support/sim_clock.hpp"
#include "tests/support/store.hpp"

using namespace gantry;
using Json = nlohmann::ordered_json;

namespace {

const std::string& page() {
    static const std::string text = [] {
        std::ifstream in(GANTRY_SOURCE_DIR "/docs/specs/delivery.md");
        REQUIRE(in);
        std::ostringstream out;
        out << in.rdbuf();
        return out.str();
    }();
    return text;
}

Json example() {
    const std::string begin = "\n```json\n";
    const auto at = page().find(begin);
    REQUIRE(at != std::string::npos);
    const auto from = at + begin.size();
    return Json::parse(page().substr(from, page().find("\n```\n", from) - from));
}

// The rows of the table that begins with this head, cell by cell.
std::vector<std::vector<std::string>> table(const std::string& head) {
    const auto at = page().find("\n" + head + "\n");
    INFO(head);
    REQUIRE(at != std::string::npos);
    std::istringstream lines(page().substr(at + head.size() + 2));
    std::vector<std::vector<std::string>> out;
    std::string line;
    std::getline(lines, line);  // |---|---|
    while (std::getline(lines, line) && line.starts_with("|")) {
        std::istringstream cells(line.substr(1));
        out.emplace_back();
        for (std::string cell; std::getline(cells, cell, '|');) {
            const auto first = cell.find_first_not_of(" `");
            const auto last = cell.find_last_not_of(" `");
            const bool blank = first == std::string::npos;
            out.back().push_back(blank ? "" : cell.substr(first, last - first + 1));
        }
    }
    return out;
}

// The example's incident, opened for real and told to the example's connector.
std::string real_payload(test::Store& store) {
    test::must(itsm::insert_asset(*store.connection, test::asset_of(1, test::k_theirs)));
    IncidentAction action = test::open_action(1, test::k_theirs);
    action.asset = AssetId{1};
    const itsm::Step step = itsm::open_incident(action, SiteId{41});
    Subscription subscription;
    subscription.connector = "operations-webhook";
    itsm::OutboxWriter writer({subscription});
    test::must(writer.write(*store.connection, step.incident, step.operation, step.entry,
                            store.sequences));
    return store.texts("SELECT payload FROM outbox", 1).at(0);
}

// Every key with the type of its value, "incident.title" -> "string".
std::map<std::string, std::string> keys_of(const Json& object, const std::string& above = "") {
    std::map<std::string, std::string> out;
    for (const auto& [key, value] : object.items()) {
        out[above + key] = value.is_number_integer() ? "integer" : value.type_name();
        if (value.is_object()) out.merge(keys_of(value, above + key + "."));
    }
    return out;
}

struct Webhook {
    struct Client final : http::Client {
        explicit Client(Webhook& o) : owner(o) {}
        Result<http::Response> send(const http::ClientRequest& request) override {
            owner.request = request;
            return owner.answer;
        }
        Webhook& owner;
    };
    explicit Webhook(const Clock& clock) {
        std::vector<Redacted<std::string>> secrets;
        secrets.emplace_back(std::string("s3cret"));
        connector = connectors::make_webhook(
            {"operations-webhook", "https://x", secrets, std::make_unique<Client>(*this), clock});
    }
    connectors::DeliveryResult deliver(const std::string& payload = "{}") {
        Delivery delivery;
        delivery.payload = payload;
        delivery.idempotency_key = "INC0000001.1.operations-webhook";
        return connector->deliver(delivery, "T-1", Millis{1'000});
    }
    connectors::DeliveryResult answered(int status) {
        answer.status = status;
        return deliver();
    }
    http::Response answer;
    http::ClientRequest request;
    std::unique_ptr<connectors::Connector> connector;
};

// "2xx" and "400, 405" as statuses; "any other 4xx" as all that no other row has.
std::set<int> statuses(const std::string& cell, std::set<int>& seen) {
    std::set<int> out;
    const std::regex one("any other ([1-5])xx|([1-5])xx|([1-5][0-9]{2})");
    for (auto it = std::sregex_iterator(cell.begin(), cell.end(), one);
         it != std::sregex_iterator(); ++it) {
        if ((*it)[3].matched) {
            out.insert(std::stoi((*it)[3]));
            continue;
        }
        const int hundred = 100 * std::stoi((*it)[1].matched ? (*it)[1] : (*it)[2]);
        for (int status = hundred; status < hundred + 100; ++status) {
            if (!seen.contains(status)) out.insert(status);
        }
    }
    seen.insert(out.begin(), out.end());
    return out;
}

}  // namespace

TEST_CASE("delivery page: its document has the keys of a real one, and is one") {
    test::Store store;
    const Json real = Json::parse(real_payload(store));
    CHECK(keys_of(example()) == keys_of(real));
    CHECK(example().dump(2) == real.dump(2));  // the same order, too
}

TEST_CASE("delivery page: its table names every key, with its type") {
    std::map<std::string, std::string> told;
    for (const auto& row : table("| key | type | |")) told[row.at(0)] = row.at(1);
    test::Store store;
    for (const auto& [key, type] : keys_of(Json::parse(real_payload(store)))) {
        CAPTURE(key);
        REQUIRE(told.contains(key));
        std::string said = told[key];
        if (said.starts_with("time")) said.replace(0, 4, "string");
        const bool fits = type == "null" ? said.ends_with(" or null") : said.starts_with(type);
        CHECK(fits);
        told.erase(key);
    }
    CHECK(told.empty());
}

TEST_CASE("delivery page: its operations are all there are") {
    std::set<std::string> told;
    for (const auto& row : table("| operation | tells |")) told.insert(row.at(0));
    std::set<std::string> all;
    for (const Operation operation : {Operation::open, Operation::update, Operation::resolve,
                                      Operation::reopen, Operation::note}) {
        all.insert(to_string(operation));
    }
    CHECK(told == all);
}

TEST_CASE("delivery page: its headers are those of a request") {
    const test::SimClock clock;
    Webhook webhook(clock);
    (void)webhook.deliver();
    std::set<std::string> told;
    for (const auto& row : table("| header | holds |")) told.insert(row.at(0));
    std::set<std::string> sent;
    for (const auto& [name, value] : webhook.request.headers) sent.insert(name);
    CHECK(told == sent);
}

TEST_CASE("delivery page: its signature is the one that a request has") {
    test::SimClock clock;
    clock.advance(Millis{10'000});
    Webhook webhook(clock);
    (void)webhook.deliver(R"({"schema":1})");
    const auto signature = http::find_header(webhook.request.headers, "X-Gantry-Signature");
    CHECK(http::find_header(webhook.request.headers, "X-Gantry-Timestamp") == "1764000010");
    REQUIRE(signature);
    CHECK(page().find("`X-Gantry-Signature: " + std::string(*signature) + "`") !=
          std::string::npos);
}

TEST_CASE("delivery page: what it says of each status is what becomes of the delivery") {
    const test::SimClock clock;
    Webhook webhook(clock);
    std::set<int> seen;
    for (const auto& row : table("| status | means | then |")) {
        const std::string& then = row.at(2);
        for (const int status : statuses(row.at(0), seen)) {
            CAPTURE(status, then);
            const auto result = webhook.answered(status);
            const bool later = result.outcome == connectors::Outcome::retry_later;
            CHECK(then.starts_with("later") == later);
            CHECK(then.starts_with("dead") == (result.outcome == connectors::Outcome::rejected));
            CHECK(then.starts_with("delivered") ==
                  (result.outcome == connectors::Outcome::accepted));
            CHECK((then.find("blames the receiver") != std::string::npos) ==
                  blames_connector(result));
            CHECK((then.find("pauses") != std::string::npos) ==
                  (result.cause == connectors::Cause::throttled));
        }
    }
    CHECK(seen.size() == 400);  // 200 to 599
}

TEST_CASE("delivery page: its mail has the subject, the Message-ID and the headers of a real one") {
    Delivery delivery;
    delivery.payload = example().dump();
    delivery.idempotency_key = "INC0000001.1.night-shift";
    const auto mail =
        connectors::compose_mail(delivery, "", "gantry@example.com", {}, "example.com", Instant{});
    REQUIRE(mail);
    CHECK(page().find("`Subject: " + mail->subject + "`") != std::string::npos);
    CHECK(mail->message_id == "gantry." + delivery.idempotency_key + "@example.com");
    for (const auto& [name, value] : mail->headers) {
        CAPTURE(name);
        CHECK(page().find("`" + name) != std::string::npos);
    }
}
