// Tokens, users, organisations: who may come in, and who may say so. Real records, SQLite.
#include <catch2/catch.hpp>

#include "api_world.hpp"
#include "core/crypto/crypto.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

json created(ApiWorld& world, const std::string& body, const std::string& caller = "admin") {
    const auto response = world.call("POST /tokens", caller, body);
    INFO(response.body);
    REQUIRE(response.status == 201);
    return body_of(response);
}

std::string refused(ApiWorld& world, const std::string& body, int status,
                    const std::string& caller = "admin") {
    const auto response = world.call("POST /tokens", caller, body);
    INFO(response.body);
    CHECK(response.status == status);
    return detail_of(response);
}

}  // namespace

TEST_CASE("tokens: an enrolment token is told once and kept as a digest") {
    ApiWorld world;
    const json made = created(
        world, R"({"organisation":"default","site":"default","role":"server","label":"rack 1"})");
    const auto text = made["token"].get<std::string>();
    CHECK(text.starts_with("gantry_enrol_"));
    CHECK(made["kind"] == "enrolment");
    CHECK(made["role"] == "server");
    const auto row = records::token_by_hash(*world.connection, crypto::sha256_hex(text));
    REQUIRE(row.has_value());
    CHECK(row->kind == records::TokenKind::enrolment);
    CHECK(row->organisation == OrganisationId{1});
    CHECK(row->site == SiteId{1});
    CHECK(row->expires_at == world.clock.now() + std::chrono::hours{7 * 24});
    CHECK(world.call("GET /tokens").body.find(text) == std::string::npos);
}

TEST_CASE("tokens: organisations and sites are made for an admin of all organisations") {
    ApiWorld world;
    const json made = created(world, R"({"organisation":"new one","site":"north"})");
    const auto organisation =
        records::organisation_named(*world.connection, Scope::all(), "new one");
    REQUIRE(organisation.has_value());
    CHECK(made["organisation_id"] == organisation->id.value);
    CHECK(refused(world, R"({"organisation":"another"})", 404, "admin-one") ==
          "no organisation \"another\"");
    CHECK(refused(world, R"({"organisation":"acme"})", 404, "admin-one") ==
          "no organisation \"acme\"");
    CHECK(refused(world, R"({"site":"north"})", 404, "admin-one") == "no site \"north\"");
}

TEST_CASE("tokens: a refused request leaves no organisation behind") {
    ApiWorld world;
    (void)refused(world, R"({"organisation":"ghost","kind":"api"})", 400);
    CHECK_FALSE(records::organisation_named(*world.connection, Scope::all(), "ghost").has_value());
}

TEST_CASE("tokens: an api token has a role and never expires unless asked to") {
    ApiWorld world;
    const json made = created(world, R"({"kind":"api","role":"technician","label":"ann"})");
    CHECK(made["token"].get<std::string>().starts_with("gantry_api_"));
    CHECK(made["expires_at"].is_null());
    const auto row = records::token_by_hash(*world.connection,
                                            crypto::sha256_hex(made["token"].get<std::string>()));
    const auto principal = records::principal_of(*row, world.clock.now());
    REQUIRE(principal.has_value());
    CHECK(principal->role == Role::technician);
    CHECK(principal->name == "ann");
    CHECK_FALSE(principal->scope.is_all());
}

TEST_CASE("tokens: what does not belong to the kind is refused") {
    ApiWorld world;
    CHECK(refused(world, R"({"kind":"api"})", 400) == "role is missing");
    CHECK(refused(world, R"({"kind":"api","role":"root"})", 400).find("role must be") == 0);
    CHECK(refused(world, R"({"kind":"api","role":"viewer","site":"x"})", 400) ==
          "site is for enrolment tokens");
    CHECK(refused(world, R"({"all_organisations":true})", 400).find("all_organisations is") == 0);
    CHECK(refused(world, R"({"role":"Big Server"})", 400).find("role must be of") == 0);
    CHECK(refused(world, R"({"kind":"magic"})", 400) == "kind must be enrolment or api");
    CHECK(refused(world, R"({"label":"Gantry"})", 400) == "label is taken by gantryd");
    CHECK(refused(world, R"({"expires_in_s":-5})", 400).find("expires_in_s must be") == 0);
    CHECK(refused(world, R"({"max_use":5})", 400) ==
          "\"max_use\" is not a known key; did you mean \"max_uses\"?");
}

TEST_CASE("tokens: who sees one organisation makes no token for all") {
    ApiWorld world;
    const std::string body = R"({"kind":"api","role":"viewer","all_organisations":true})";
    (void)refused(world, body, 403, "admin-one");
    CHECK(created(world, body)["all_organisations"] == true);
}

TEST_CASE("tokens: lists and revocation stop at the tenant's wall") {
    ApiWorld world;
    const json ours = created(world, "{}");
    const json all = created(world, R"({"kind":"api","role":"admin","all_organisations":true})");
    CHECK(body_of(world.call("GET /tokens", "acme"))["items"].empty());
    CHECK(body_of(world.call("GET /tokens", "admin-one"))["items"].size() == 1);
    CHECK(body_of(world.call("GET /tokens"))["items"].size() == 2);
    const std::string id = std::to_string(ours["id"].get<int>());
    CHECK(world.call("DELETE /tokens/" + id, "acme").status == 404);
    CHECK(
        world.call("DELETE /tokens/" + std::to_string(all["id"].get<int>()), "admin-one").status ==
        404);
    CHECK(world.access_changes == 0);
    const auto revoked = world.call("DELETE /tokens/" + id, "admin-one");
    CHECK(revoked.status == 204);
    CHECK(revoked.body.empty());
    CHECK(world.access_changes == 1);
    CHECK_FALSE(body_of(world.call("GET /tokens"))["items"][0]["revoked_at"].is_null());
    CHECK(world.call("DELETE /tokens/nonsense").status == 404);
}

TEST_CASE("organisations: made once, with a site, by who sees all") {
    ApiWorld world;
    const auto made = world.call("POST /organisations", "admin", R"({"name":" globex "})");
    CHECK(made.status == 201);
    CHECK(body_of(made)["name"] == "globex");
    CHECK(body_of(made)["sites"][0]["name"] == "default");
    CHECK(world.call("POST /organisations", "admin", R"({"name":"globex"})").status == 409);
    CHECK(world.call("POST /organisations", "admin-one", R"({"name":"x"})").status == 403);
    const json seen = body_of(world.call("GET /organisations", "viewer"));
    REQUIRE(seen["items"].size() == 1);
    CHECK(seen["items"][0]["name"] == "default");
    CHECK(body_of(world.call("GET /organisations"))["items"].size() == 3);
}

TEST_CASE("users: the password is hashed and never told") {
    ApiWorld world;
    const std::string body =
        R"({"name":"ann","password":"correct horse battery","role":"technician"})";
    const auto made = world.call("POST /users", "admin", body);
    INFO(made.body);
    REQUIRE(made.status == 201);
    CHECK(made.body.find("horse") == std::string::npos);
    CHECK(made.body.find("argon2") == std::string::npos);
    const auto row = records::user_named(*world.connection, OrganisationId{1}, "ann");
    REQUIRE(row.has_value());
    CHECK(crypto::verify_password(row->password_hash,
                                  Redacted<std::string>("correct horse battery")));
    CHECK(world.call("POST /users", "admin", body).status == 409);
    CHECK(body_of(world.call("GET /users"))["items"][0]["name"] == "ann");
    CHECK(body_of(world.call("GET /users", "acme"))["items"].empty());
}

TEST_CASE("users: weak passwords, strange roles and other tenants are refused") {
    ApiWorld world;
    const auto detail = [&](const std::string& body, int status, const char* caller) {
        const auto response = world.call("POST /users", caller, body);
        CHECK(response.status == status);
        return detail_of(response);
    };
    CHECK(detail(R"({"name":"a","password":"short","role":"viewer"})", 400, "admin") ==
          "password must have at least 12 bytes");
    CHECK(detail(R"({"name":"a","password":"long enough, it is","role":"intake"})", 400, "admin")
              .find("role") == 0);
    CHECK(detail(R"({"name":"a","role":"viewer"})", 400, "admin") == "password is missing");
    CHECK(detail(R"({"name":"a","password":"long enough, it is","role":"admin",)"
                 R"("all_organisations":true})",
                 403, "admin-one")
              .find("made by who sees all") != std::string::npos);
    CHECK(detail(R"({"name":"a","password":"long enough, it is","role":"viewer",)"
                 R"("organisation":"acme"})",
                 404, "admin-one") == "no organisation \"acme\"");
}

TEST_CASE("sessions: name and password give a token with the user's role, for a while") {
    ApiWorld world;
    const std::string user =
        R"({"name":"ann","password":"correct horse battery","role":"technician"})";
    REQUIRE(world.call("POST /users", "admin-one", user).status == 201);
    const auto opened =
        world.call("POST /sessions", "", R"({"name":"ann","password":"correct horse battery"})");
    INFO(opened.body);
    REQUIRE(opened.status == 201);
    const auto text = body_of(opened)["token"].get<std::string>();
    const auto row = records::token_by_hash(*world.connection, crypto::sha256_hex(text));
    REQUIRE(row.has_value());
    const auto principal = records::principal_of(*row, world.clock.now());
    REQUIRE(principal.has_value());
    CHECK(principal->name == "ann");
    CHECK(principal->role == Role::technician);
    CHECK_FALSE(principal->scope.is_all());
    CHECK_FALSE(records::principal_of(*row, world.clock.now() + std::chrono::hours{13}));
}

TEST_CASE("sessions: a wrong password, an unknown and a disabled user look the same") {
    ApiWorld world;
    records::User user;
    user.name = "gone";
    user.role = Role::admin;
    user.organisation = OrganisationId{1};
    user.disabled = true;
    user.password_hash = *crypto::hash_password(Redacted<std::string>("correct horse battery"));
    REQUIRE(records::insert_user(*world.connection, user, world.clock.now()).has_value());
    const auto refused = [&](const std::string& body) {
        const auto response = world.call("POST /sessions", "", body);
        CHECK(response.status == 401);
        return response.body;
    };
    const auto disabled = refused(R"({"name":"gone","password":"correct horse battery"})");
    CHECK(refused(R"({"name":"nobody","password":"correct horse battery"})") == disabled);
    CHECK(refused(R"({"name":"gone","password":"wrong"})") == disabled);
    CHECK(world.call("POST /sessions", "", R"({"name":"gone"})").status == 400);
}

TEST_CASE("sessions: guessing is bounded by address") {
    ApiWorld world;
    for (int i = 0; i < 20; ++i) (void)world.call("GET /status", "guess" + std::to_string(i));
    const auto response =
        world.call("POST /sessions", "", R"({"name":"ann","password":"correct horse battery"})");
    CHECK(response.status == 429);
    CHECK(header_of(response, "Retry-After") == "10");
}

TEST_CASE("users: a name is free in every organisation, whoever has it in another") {
    ApiWorld world;
    const auto make = [&](const char* caller, const char* password) {
        const auto response = world.call(
            "POST /users", caller,
            R"({"name":"ann","role":"viewer","password":")" + std::string(password) + R"("})");
        return response.status;
    };
    CHECK(make("admin-one", "the first of the anns") == 201);
    CHECK(make("acme", "another one altogether") == 201);
    CHECK(make("acme", "another one altogether") == 409);
    const auto sign_in = [&](const std::string& more, const std::string& password) {
        return world.call("POST /sessions", "",
                          R"({"name":"ann",)" + more + R"("password":")" + password + R"("})");
    };
    const auto ours = sign_in("", "the first of the anns");
    REQUIRE(ours.status == 201);
    CHECK(body_of(ours)["organisation_id"] == 1);
    const auto theirs = sign_in(R"("organisation":"acme",)", "another one altogether");
    REQUIRE(theirs.status == 201);
    CHECK(body_of(theirs)["organisation_id"] == 2);
    const auto wrong = sign_in("", "another one altogether");
    CHECK(wrong.status == 401);
    const auto nowhere = sign_in(R"("organisation":"initech",)", "another one altogether");
    CHECK(nowhere.status == 401);
    CHECK(nowhere.body == wrong.body);
}
