// The data directory of gantryd: made on the first start, private (0700), locked against a second
// gantryd. Holds tls/, journal.db, gantry.db (unless PostgreSQL has the records) and admin.token.
#pragma once

#include <string>

#include "core/base/random.hpp"
#include "core/base/redacted.hpp"
#include "core/base/result.hpp"
#include "core/storage/database.hpp"
#include "core/time/clock.hpp"

namespace gantry::app {

class DataDirectory {
public:
    // conflict: another gantryd holds it. unavailable: cannot be made or written.
    static Result<DataDirectory> open(const std::string& path);
    DataDirectory(DataDirectory&& other) noexcept;
    DataDirectory& operator=(DataDirectory&&) = delete;
    ~DataDirectory();

    [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

    // First start: makes the administrator's API token and writes it to admin.token (0600). When
    // the file is there it is left alone.
    Result<void> ensure_admin_token(storage::Connection& connection, RandomSource& random,
                                    Instant now) const;

private:
    DataDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
    std::string path_;
    int lock_ = -1;
};

}  // namespace gantry::app
