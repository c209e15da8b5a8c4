// Access: organisations, sites, users, tokens and agent credentials: who may come in, and as whom.
// Blocking. Secrets are stored as hashes only; a token's text is returned once, by its maker.
// Decisions that need speed (checking a credential per request) go through AccessCache.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/redacted.hpp"
#include "core/base/result.hpp"
#include "core/model/scope.hpp"
#include "core/ports/paging.hpp"
#include "core/storage/database.hpp"
#include "core/time/clock.hpp"

namespace gantry::records {

struct Organisation {
    OrganisationId id;
    std::string name;  // unique, "default" always exists (id 1) with the site "default" (id 1)
};
struct Site {
    SiteId id;
    OrganisationId organisation;
    std::string name;
};

enum class TokenKind : std::uint8_t { api = 0, enrolment = 1 };

struct Token {
    TokenId id;
    TokenKind kind = TokenKind::api;
    std::string label;
    Role role = Role::viewer;        // api
    bool all_organisations = false;  // api: an operator of the MSP itself
    OrganisationId organisation;     // home; the scope unless all_organisations
    SiteId site;                     // enrolment
    std::string endpoint_role;       // enrolment: "server", "workstation": selects policy
    bool needs_approval = false;     // enrolment
    std::int64_t max_uses = 0;       // enrolment; 0 = unlimited
    std::int64_t uses = 0;
    Instant created_at{};
    Instant expires_at{};  // epoch = never
    Instant revoked_at{};  // epoch = not revoked
    UserId user;           // api: whose session it is; unset = nobody's
    bool user_disabled = false;
};

struct AgentCredential {
    std::string agent_id;
    OrganisationId organisation;
    SiteId site;
    std::string role;
    AssetId asset;
    std::string credential_hash;  // hex SHA-256
    bool revoked = false;
    std::int64_t epoch = 0;      // of the spool, with acked_seq the position up to which
    std::int64_t acked_seq = 0;  //   reports are durable
    std::string boot_id;         // of the latest accepted report; before one, of the enrolment
    // The boot before it, and where that one's stream stood, to tell reboots from two machines on
    // one credential; see follow_report().
    std::string previous_boot_id;
    std::int64_t previous_epoch = 0;
    std::int64_t previous_acked_seq = 0;
    std::int64_t boot_returns = 0;  // how often in a row the previous boot came back
    // It has to tell all: another machine spoke for this one, or it was started anew, perhaps from
    // an older image, whose records have numbers that we know.
    bool full_state_due = false;
    Instant last_seen_at{};
    std::string name;
    TokenId token;         // by which it enrolled, with the nonce of its request
    std::string nonce;     // empty: the enrolment cannot be repeated
    bool approved = true;  // false: enrolled, but its reports are refused until approve_agent()
    // Of copies, which have to enrol anew: at most k_max_refused_boots, the newest last.
    std::vector<std::string> refused_boots;

    [[nodiscard]] bool refuses(const std::string& boot) const;
};
constexpr std::size_t k_max_refused_boots = 256;

// An accepted report, as far as it moves the agent.
struct AgentProgress {
    std::string agent_id;
    std::int64_t epoch = 0;
    std::int64_t acked_seq = 0;
    std::string boot_id;
    Instant last_seen_at{};
    bool has_full_state = false;
};

// A report was accepted. A new boot owes a full state until one comes. A boot that was replaced
// never reports again, but for one request that was under way; so when two boots took turns three
// times (A B A B A), two machines live on the credential, and the one that joined later is refused
// from then on. A boot that is refused moves nothing; but it spoke for the machine, in a report
// that was accepted before it was known for a copy's, so that the machine owes a full state.
void follow_report(AgentCredential& agent, const AgentProgress& report);
// Appends `latest`, or puts it in the place of the agent's last one where following only `latest`
// leads to the same.
void add_progress(std::vector<AgentProgress>& all, AgentProgress latest);
// `boot` is a copy's. If it spoke last, the agent stands where it stood before the copy came.
void refuse_boot(AgentCredential& agent, const std::string& boot);

// --- organisations ---
Result<PageOf<Organisation>> organisations(storage::Connection&, const Scope&, const PageRequest&);
Result<Organisation> organisation_named(storage::Connection&, const Scope&, const std::string&);
// By name, else by the id that `text` is. not_found also outside the scope.
Result<Organisation> organisation_called(storage::Connection&, const Scope&,
                                         const std::string& text);
Result<Organisation> ensure_organisation(storage::Connection&, const std::string& name,
                                         Instant now);
Result<Site> ensure_site(storage::Connection&, OrganisationId, const std::string& name,
                         Instant now);
Result<std::vector<Site>> sites(storage::Connection&, const Scope&);

// --- tokens (hash = crypto::sha256_hex of the text) ---
Result<Token> insert_token(storage::Connection&, const Token& token, const std::string& hash);
Result<Token> token_by_hash(storage::Connection&, const std::string& hash);
Result<PageOf<Token>> tokens(storage::Connection&, const Scope&, const PageRequest&);
Result<void> revoke_token(storage::Connection&, const Scope&, TokenId, Instant now);
// All sessions of a user.
Result<void> revoke_sessions(storage::Connection&, UserId, Instant now);
// Deletes sessions that expired before `before`, at most `max`. The newest token always stays: no
// id is given twice.
Result<void> trim_sessions(storage::Connection&, Instant before, std::int64_t max);
// Does it open enrolment at `now`? forbidden, with the reason, when it is of another kind, revoked
// or expired, or used up.
// `repeats`: its use was counted before, so that it may be used up.
Result<void> check_enrolment_token(const Token& token, Instant now, bool repeats);
// Counts one use; forbidden when expired, revoked or used up at `now`.
Result<Token> use_enrolment_token(storage::Connection&, TokenId, Instant now);
// The caller that an api token stands for. unauthorised when revoked, expired, or the session of a
// user who was disabled.
Result<Principal> principal_of(const Token& token, Instant now);

// --- users ---
struct User {
    UserId id;
    std::string name;
    Role role = Role::viewer;
    bool all_organisations = false;
    OrganisationId organisation;
    std::string password_hash;  // argon2id
    bool disabled = false;
    std::int64_t version = 1;
};
Result<User> insert_user(storage::Connection&, const User& user, Instant now);
// A name is its organisation's: two tenants may each have an "ann", and neither learns of the
// other's.
Result<User> user_named(storage::Connection&, OrganisationId, const std::string& name);
Result<User> user_by_id(storage::Connection&, const Scope&, UserId);
// Role, reach, password and whether disabled; the version rises. conflict when the row's version is
// not user.version.
Result<User> update_user(storage::Connection&, const Scope&, const User& user);
// Who works for all organisations is seen by those who see all, as with tokens.
Result<PageOf<User>> users(storage::Connection&, const Scope&, const PageRequest&);

// --- agents ---
struct AgentRow {
    std::int64_t id = 0;
    Instant created_at{};
    AgentCredential agent;  // but for its refused_boots
};
// Under row.id, which is the fold's sequence's: conflict when it is given already.
Result<void> insert_agent(storage::Connection&, const AgentRow& row);
Result<AgentCredential> agent_by_id(storage::Connection&, const std::string& agent_id);
// The agent of this enrolment; not_found also for an empty nonce.
Result<AgentCredential> agent_by_enrolment(storage::Connection&, TokenId, const std::string& nonce);
Result<void> renew_credential(storage::Connection&, const std::string& agent_id,
                              const std::string& credential_hash);
Result<std::vector<AgentCredential>> agents(storage::Connection&, const Scope&);
// In the order of enrolment; `asset` unset = of all.
Result<PageOf<AgentRow>> agent_rows(storage::Connection&, const Scope&, AssetId asset,
                                    const PageRequest&);
// Who speaks for an asset, seen by a machine of boot `boot_id` that booted at `since`: an agent of
// this very boot; one of another boot that was heard or enrolled since, or that refuses this boot
// as a copy's; or nobody who is known to run.
enum class ProvenBy : std::uint8_t { nobody_who_runs, this_boot, another_boot };
Result<ProvenBy> proven_by(storage::Connection&, AssetId, const std::string& boot_id,
                           Instant since);
// As refuse_boot() above. not_found without such an agent.
Result<void> refuse_boot(storage::Connection&, const std::string& agent_id,
                         const std::string& boot_id);
Result<void> approve_agent(storage::Connection&, const Scope&, const std::string& agent_id);
Result<void> revoke_agent(storage::Connection&, const Scope&, const std::string& agent_id);
// What follow_report() does, for many agents, in order; an agent whose boot changed in between is
// there more than once.
Result<void> save_agent_progress(storage::Connection&, const std::vector<AgentProgress>&);

}  // namespace gantry::records
