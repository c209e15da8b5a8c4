#include "app/gantryd/data_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "core/crypto/crypto.hpp"
#include "core/records/access.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace gantry;
using app::DataDirectory;

namespace {

int mode_of(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? static_cast<int>(status.st_mode & 07777) : -1;
}

std::string content_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// Another process that holds the lock of `path` while it lives.
class OtherGantryd {
public:
    explicit OtherGantryd(const std::string& path) {
        int ready[2];
        REQUIRE(::pipe(ready) == 0);
        child_ = ::fork();
        if (child_ == 0) {
            const int file = ::open((path + "/lock").c_str(), O_RDWR | O_CREAT, 0600);
            const char state = file >= 0 && ::flock(file, LOCK_EX | LOCK_NB) == 0 ? 'y' : 'n';
            (void)!::write(ready[1], &state, 1);
            ::pause();
            ::_exit(0);
        }
        char state = 'n';
        REQUIRE(::read(ready[0], &state, 1) == 1);
        ::close(ready[0]);
        ::close(ready[1]);
        REQUIRE(state == 'y');
    }
    ~OtherGantryd() { kill_it(); }
    OtherGantryd(const OtherGantryd&) = delete;
    OtherGantryd& operator=(const OtherGantryd&) = delete;
    void kill_it() {
        if (child_ < 0) return;
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
        child_ = -1;
    }

private:
    pid_t child_ = -1;
};

struct Records {
    Records() {
        static int count = 0;
        database =
            std::move(*storage::open_database(":memory:data-directory-" + std::to_string(++count)));
        REQUIRE(storage::migrate(*database));
        connection = std::move(*database->connect(storage::Durability::full));
    }
    std::size_t tokens() {
        return records::tokens(*connection, Scope::all(), PageRequest{0, 100})->items.size();
    }
    std::unique_ptr<storage::Database> database;
    std::unique_ptr<storage::Connection> connection;
    SeededRandom random{1};
};

}  // namespace

TEST_CASE("data directory: it is made with its parents, private, whatever the umask is") {
    const test::TemporaryDirectory directory;
    const std::string path = directory.file("a/b/data");
    const auto before = ::umask(0);
    const auto opened = DataDirectory::open(path);
    ::umask(before);
    REQUIRE(opened);
    CHECK(mode_of(path) == 0700);
    CHECK(mode_of(path + "/lock") == 0600);
    CHECK(opened->file("journal.db") == path + "/journal.db");
}

TEST_CASE("data directory: one that is open to others is closed to them") {
    const test::TemporaryDirectory directory;
    const std::string path = directory.file("data");
    std::filesystem::create_directory(path);
    ::chmod(path.c_str(), 0777);
    REQUIRE(DataDirectory::open(path));
    CHECK(mode_of(path) == 0700);
}

TEST_CASE("data directory: a relative one is the same after a change of directory") {
    const test::TemporaryDirectory directory;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(directory.path());
    const auto opened = DataDirectory::open("data");
    std::filesystem::current_path(before);
    REQUIRE(opened);
    CHECK(opened->file("x") == std::filesystem::canonical(directory.path()).string() + "/data/x");
}

TEST_CASE("data directory: while another process holds it, it is refused and named") {
    const test::TemporaryDirectory directory;
    {
        OtherGantryd other(directory.path());
        const auto opened = DataDirectory::open(directory.path());
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == ErrorCode::conflict);
        CHECK(opened.error().message.find(directory.path()) != std::string::npos);
        other.kill_it();
        CHECK(DataDirectory::open(directory.path()));  // a kill leaves no lock behind
    }
}

TEST_CASE("data directory: it is held until the last owner is gone, moves included") {
    const test::TemporaryDirectory directory;
    auto first = DataDirectory::open(directory.path());
    REQUIRE(first);
    {
        const DataDirectory moved(std::move(*first));
        CHECK(moved.file("x") == directory.path() + "/x");
        CHECK(DataDirectory::open(directory.path()).error().code == ErrorCode::conflict);
    }
    CHECK(DataDirectory::open(directory.path()));
}

TEST_CASE("data directory: where it cannot be made or written, the error names the place") {
    const test::TemporaryDirectory directory;
    std::ofstream(directory.file("file")) << "x";
    std::filesystem::create_directories(directory.file("taken/lock"));
    for (const std::string& path :
         {directory.file("file"), directory.file("file/data"), directory.file("taken"),
          std::string("/proc/gantry"), std::string()}) {
        CAPTURE(path);
        const auto opened = DataDirectory::open(path);
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == ErrorCode::unavailable);
        CHECK(opened.error().message.find(path) != std::string::npos);
    }
}

TEST_CASE("admin token: the first start writes it for its owner alone, and it opens the API") {
    const test::TemporaryDirectory directory;
    Records records;
    const auto data = DataDirectory::open(directory.path());
    REQUIRE(data);
    const auto before = ::umask(0);
    const auto done = data->ensure_admin_token(*records.connection, records.random, from_ms(1'000));
    ::umask(before);
    REQUIRE(done);
    CHECK(mode_of(directory.file("admin.token")) == 0600);
    CHECK_FALSE(std::filesystem::exists(directory.file("admin.token.new")));
    std::string text = content_of(directory.file("admin.token"));
    REQUIRE(text.ends_with("\n"));
    text.pop_back();
    CHECK(text.starts_with("gantry_api_"));
    const auto token = records::token_by_hash(*records.connection, crypto::sha256_hex(text));
    REQUIRE(token);
    const auto principal = records::principal_of(*token, from_ms(2'000));
    REQUIRE(principal);
    CHECK(principal->role == Role::admin);
    CHECK(principal->scope.is_all());
}

TEST_CASE("admin token: one that is there is left alone, however it looks") {
    const test::TemporaryDirectory directory;
    Records records;
    const auto data = DataDirectory::open(directory.path());
    REQUIRE(data);
    REQUIRE(data->ensure_admin_token(*records.connection, records.random, from_ms(1)));
    const std::string first = content_of(directory.file("admin.token"));
    REQUIRE(data->ensure_admin_token(*records.connection, records.random, from_ms(2)));
    CHECK(content_of(directory.file("admin.token")) == first);
    std::ofstream(directory.file("admin.token")) << "";
    REQUIRE(data->ensure_admin_token(*records.connection, records.random, from_ms(3)));
    CHECK(content_of(directory.file("admin.token")).empty());
    CHECK(records.tokens() == 1);
}

TEST_CASE("admin token: when it cannot be written, the error names the file and no token counts") {
    const test::TemporaryDirectory directory;
    Records records;
    const auto data = DataDirectory::open(directory.path());
    REQUIRE(data);
    std::filesystem::create_directory(directory.file("admin.token.new"));
    const auto done = data->ensure_admin_token(*records.connection, records.random, from_ms(1));
    REQUIRE_FALSE(done);
    CHECK(done.error().code == ErrorCode::unavailable);
    CHECK(done.error().message.find(directory.file("admin.token")) != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(directory.file("admin.token")));
    CHECK(records.tokens() == 0);  // or every failing start would leave an administrator's token
}
