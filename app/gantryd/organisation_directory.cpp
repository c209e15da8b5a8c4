#include "app/gantryd/organisation_directory.hpp"

#include "core/base/text.hpp"
#include "core/records/access.hpp"

namespace gantry::app {
namespace {

constexpr std::size_t k_max_known = 10'000;
constexpr std::chrono::seconds k_believe{10};

Error unknown(const std::string& text) {
    return fail(ErrorCode::not_found,
                "no organisation \"" + truncate_utf8(sanitise(text), 64) + "\"");
}

// The same text may mean another organisation to a caller who sees fewer.
std::string key_of(const Scope& scope, const std::string& text) {
    std::string key = scope.is_all() ? "all" : "";
    for (const OrganisationId id : scope.organisations()) key += std::to_string(id.value) + ",";
    return key + "/" + text;
}

}  // namespace

OrganisationDirectory::OrganisationDirectory(storage::Database& database, Worker& reader,
                                             const Clock& clock)
    : reader_(reader), clock_(clock), connection_(storage::LazyConnection::reading(database)) {}

OrganisationDirectory::~OrganisationDirectory() = default;

boost::asio::awaitable<Result<OrganisationId>> OrganisationDirectory::find(Scope scope,
                                                                           std::string text) {
    std::string key = key_of(scope, text);
    const auto known = known_.find(key);
    if (known != known_.end() && known->second.until > clock_.steady_now()) {
        co_return known->second.id;
    }
    auto job = [this, text, scope]() -> Result<records::Organisation> {
        auto open = connection_.get();
        if (!open) return open.error();
        return records::organisation_called(**open, scope, text);
    };
    const auto found = co_await reader_.run(std::move(job));
    if (!found && found.error().code == ErrorCode::not_found) co_return unknown(text);
    if (!found) co_return found.error();
    if (known_.size() >= k_max_known) known_.clear();
    known_.insert_or_assign(std::move(key), Known{found->id, clock_.steady_now() + k_believe});
    co_return found->id;
}

}  // namespace gantry::app
