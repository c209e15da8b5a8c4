// Tokens, on every engine: what they open, and until when.
#include "tests/contract/records/records_world.hpp"

using namespace gantry;
using namespace gantry::test;
using namespace gantry::records;

namespace {

Token enrolment(OrganisationId organisation = k_ours) {
    Token token;
    token.kind = TokenKind::enrolment;
    token.label = "laptops";
    token.organisation = organisation;
    token.site = SiteId{3};
    token.endpoint_role = "workstation";
    token.needs_approval = true;
    token.max_uses = 2;
    token.created_at = moment(1);
    token.expires_at = moment(100);
    return token;
}

Token api(OrganisationId organisation = k_ours) {
    Token token;
    token.label = "automation";
    token.role = Role::technician;
    token.organisation = organisation;
    token.created_at = moment(1);
    return token;
}

ErrorCode code_of(const auto& result) { return result ? ErrorCode::internal : result.error().code; }

}  // namespace

TEST_CASE("tokens: one comes back by its hash with every field") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    CHECK(must(insert_token(*world.connection, api(), "hash0")).id == TokenId{1});
    CHECK(must(insert_token(*world.connection, enrolment(k_theirs), "hash1")).id == TokenId{2});
    const Token found = must(token_by_hash(*world.connection, "hash1"));
    CHECK(found.id == TokenId{2});
    CHECK(found.kind == TokenKind::enrolment);
    CHECK(found.label == "laptops");
    CHECK(!found.all_organisations);
    CHECK(found.organisation == k_theirs);
    CHECK(found.site == SiteId{3});
    CHECK(found.endpoint_role == "workstation");
    CHECK(found.needs_approval);
    CHECK(found.max_uses == 2);
    CHECK(found.uses == 0);
    CHECK(found.created_at == moment(1));
    CHECK(found.expires_at == moment(100));
    CHECK(found.revoked_at == Instant{});
    CHECK(must(token_by_hash(*world.connection, "hash0")).role == Role::technician);
    CHECK(code_of(token_by_hash(*world.connection, "HASH1")) == ErrorCode::not_found);
    CHECK(code_of(insert_token(*world.connection, api(), "hash1")) == ErrorCode::conflict);
}

TEST_CASE("tokens: enrolment counts each use until they are used up") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    const TokenId id = must(insert_token(connection, enrolment(), "hash1")).id;
    CHECK(must(use_enrolment_token(connection, id, moment(2))).uses == 1);
    CHECK(must(use_enrolment_token(connection, id, moment(3))).uses == 2);
    const auto third = use_enrolment_token(connection, id, moment(4));
    CHECK(third.error() == fail(ErrorCode::forbidden, "enrolment token 1 was used 2 of 2 times"));
    CHECK(must(token_by_hash(connection, "hash1")).uses == 2);
    Token unlimited = enrolment();
    unlimited.max_uses = 0;
    const TokenId other = must(insert_token(connection, unlimited, "hash2")).id;
    for (int use = 1; use <= 5; ++use) {
        CHECK(must(use_enrolment_token(connection, other, moment(2))).uses == use);
    }
}

TEST_CASE("tokens: at the moment of its end a token is over") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    const TokenId id = must(insert_token(connection, enrolment(), "hash1")).id;
    CHECK(use_enrolment_token(connection, id, moment(100) - Millis{1}));
    CHECK(code_of(use_enrolment_token(connection, id, moment(100))) == ErrorCode::forbidden);
    CHECK(code_of(use_enrolment_token(connection, TokenId{9}, moment(2))) == ErrorCode::not_found);
    const TokenId wrong_kind = must(insert_token(connection, api(), "hash2")).id;
    CHECK(code_of(use_enrolment_token(connection, wrong_kind, moment(2))) == ErrorCode::forbidden);
}

TEST_CASE("tokens: revoking ends one at once, keeps its first moment, and only in scope") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    const TokenId id = must(insert_token(connection, enrolment(k_theirs), "hash1")).id;
    CHECK(code_of(revoke_token(connection, Scope::of(k_ours), id, moment(5))) ==
          ErrorCode::not_found);
    CHECK(use_enrolment_token(connection, id, moment(6)));
    must(revoke_token(connection, Scope::of(k_theirs), id, moment(7)));
    must(revoke_token(connection, Scope::all(), id, moment(8)));
    CHECK(must(token_by_hash(connection, "hash1")).revoked_at == moment(7));
    CHECK(code_of(use_enrolment_token(connection, id, moment(7))) == ErrorCode::forbidden);
}

TEST_CASE("tokens: pages are complete, oldest first, and hide those of all organisations") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    for (int n = 1; n <= 7; ++n) {
        Token token = api(n % 2 == 0 ? k_theirs : k_ours);
        token.all_organisations = n == 3;
        must(insert_token(connection, token, "hash" + std::to_string(n)));
    }
    const auto pages = [&](const Scope& scope, int limit) {
        std::vector<std::int64_t> out;
        for (PageRequest request{0, limit};;) {
            const auto page = must(tokens(connection, scope, request));
            for (const auto id : numbers_of(page.items)) out.push_back(id);
            if (!page.next) return out;
            request.after = *page.next;
        }
    };
    using Ids = std::vector<std::int64_t>;
    for (int limit = 1; limit <= 8; ++limit) {
        CHECK(pages(Scope::all(), limit) == Ids{1, 2, 3, 4, 5, 6, 7});
        CHECK(pages(Scope::of(k_ours), limit) == Ids{1, 5, 7});
        CHECK(pages(Scope::of(k_theirs), limit) == Ids{2, 4, 6});
    }
    CHECK(code_of(revoke_token(connection, Scope::of(k_ours), TokenId{3}, moment(5))) ==
          ErrorCode::not_found);
    CHECK(revoke_token(connection, Scope::all(), TokenId{3}, moment(5)));
}

TEST_CASE("tokens: an api token stands for a principal of its organisation, or of all") {
    Token token = api(k_theirs);
    token.id = TokenId{4};
    Principal principal = must(principal_of(token, moment(5)));
    CHECK(principal.name == "automation");
    CHECK(principal.role == Role::technician);
    CHECK(principal.home == k_theirs);
    CHECK(principal.scope.allows(k_theirs));
    CHECK(!principal.scope.allows(k_ours));
    CHECK(!principal.scope.is_all());
    token.label.clear();
    token.all_organisations = true;
    principal = must(principal_of(token, moment(5)));
    CHECK(principal.name == "token 4");
    CHECK(principal.scope.is_all());
    token.expires_at = moment(6);
    CHECK(principal_of(token, moment(6) - Millis{1}));
    CHECK(code_of(principal_of(token, moment(6))) == ErrorCode::unauthorised);
    token = api();
    token.revoked_at = moment(3);
    CHECK(code_of(principal_of(token, moment(5))) == ErrorCode::unauthorised);
    CHECK(code_of(principal_of(enrolment(), moment(5))) == ErrorCode::unauthorised);
}
