#include "tests/contract/journal/journals.hpp"

#include <sys/resource.h>

#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>

#include "core/journal/embedded_journal.hpp"
#include "core/storage/database.hpp"

namespace gantry::test {
namespace {

namespace asio = boost::asio;

struct HeldConnection {
    std::unique_ptr<storage::Database> database;
    std::unique_ptr<storage::Connection> connection;
    ~HeldConnection() { connection->rollback(); }
};

// The soft limit of a file's size for this process; what goes beyond is "file too large", which the
// journal meets as it meets a full disk.
class FileSizeLimit {
public:
    explicit FileSizeLimit(std::size_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit now = before_;
        now.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &now);
    }
    ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    rlimit before_{};
};

class Embedded final : public JournalKind {
public:
    [[nodiscard]] std::string name() const override { return "embedded"; }

    Result<std::unique_ptr<journal::Journal>> open(asio::any_io_executor executor,
                                                   const std::string& directory,
                                                   JournalLimits limits) const override {
        journal::EmbeddedJournalOptions options;
        options.path = directory + "/journal.db";
        options.max_waiting = limits.max_waiting;
        options.max_waiting_bytes = limits.max_waiting_bytes;
        options.max_batch = limits.max_batch;
        options.tail_bytes = limits.cache_bytes;
        return journal::open_embedded_journal(std::move(executor), options);
    }

    std::shared_ptr<void> hold(const std::string& directory) const override {
        auto held = std::make_shared<HeldConnection>();
        held->database = std::move(*storage::open_database(directory + "/journal.db"));
        held->connection = std::move(*held->database->connect(storage::Durability::normal));
        REQUIRE(held->connection->begin());
        return held;
    }

    void copy_alive(const std::string& from, const std::string& to) const override {
        for (const char* file : {"journal.db", "journal.db-wal"}) {
            std::filesystem::copy_file(from + "/" + file, to + "/" + file);
        }
    }

    std::string spoil(const std::string& directory) const override {
        const std::string path = directory + "/journal.db";
        std::filesystem::remove(path + "-wal");
        std::filesystem::remove(path + "-shm");
        std::ofstream(path, std::ios::binary) << std::string(8'192, 'x');
        return path;
    }

    std::shared_ptr<void> limit_disk(std::size_t bytes) const override {
        return std::make_shared<FileSizeLimit>(bytes);
    }
};

}  // namespace

const std::vector<std::unique_ptr<JournalKind>>& journal_kinds() {
    static const auto kinds = [] {
        std::vector<std::unique_ptr<JournalKind>> out;
        out.push_back(std::make_unique<Embedded>());
        return out;
    }();
    return kinds;
}

journal::Record record_of(const std::string& body, std::int64_t at_ms) {
    journal::Record record;
    record.received_at = from_ms(at_ms);
    record.organisation = OrganisationId{3};
    record.kind = journal::Kind::intake;
    record.source = "generic";
    record.body = body;
    return record;
}

JournalWorld::JournalWorld(const JournalKind& kind, const std::string& directory,
                           JournalLimits limits) {
    auto opened = kind.open(context.get_executor(), directory, limits);
    if (!opened) FAIL(opened.error().message);
    journal = std::move(*opened);
}

Result<JournalSeq> JournalWorld::append(const std::string& body, std::int64_t at_ms) {
    return run(context, journal->append(record_of(body, at_ms)));
}

std::vector<journal::Record> JournalWorld::records(std::int64_t after, std::size_t max,
                                                   std::size_t max_bytes) {
    auto read = run(context, journal->read(JournalSeq{after}, max, max_bytes));
    if (!read) FAIL(read.error().message);
    return std::move(*read);
}

std::vector<std::string> JournalWorld::bodies(std::int64_t after, std::size_t max,
                                              std::size_t max_bytes) {
    std::vector<std::string> out;
    for (auto& record : records(after, max, max_bytes)) out.push_back(std::move(record.body));
    return out;
}

std::int64_t JournalWorld::trim(std::int64_t upto, std::int64_t before_ms) {
    const auto trimmed = run(context, journal->trim(JournalSeq{upto}, from_ms(before_ms)));
    if (!trimmed) FAIL(trimmed.error().message);
    return *trimmed;
}

void JournalWorld::begin_append(const std::string& body) {
    auto one = [this, body]() -> asio::awaitable<void> {
        (void)co_await journal->append(record_of(body));
    };
    asio::co_spawn(context, one, asio::detached);
}

std::vector<Result<JournalSeq>> JournalWorld::append_all(const std::vector<std::string>& bodies) {
    std::vector<Result<JournalSeq>> answers(bodies.size(), fail(ErrorCode::internal, "none came"));
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        auto one = [this, &answers, &bodies, i]() -> asio::awaitable<void> {
            answers[i] = co_await journal->append(record_of(bodies[i]));
        };
        asio::co_spawn(context, one, asio::detached);
    }
    context.restart();
    context.run();
    return answers;
}

}  // namespace gantry::test
