-- The records: a projection of the journal, so every id is assigned by the program. Times are unix
-- milliseconds (0 = unset), enums the numbers of core/model, truth values 0 or 1, ids 0 = none.
-- Hot tables (alerts, incident_timeline) carry few indices: each one costs a page write per row.

CREATE TABLE organisations (
    id {{pk}},
    name TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);
CREATE TABLE sites (
    id {{pk}},
    organisation_id BIGINT NOT NULL REFERENCES organisations(id),
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (organisation_id, name)
);
INSERT INTO organisations (id, name, created_at) VALUES (1, 'default', 0);
INSERT INTO sites (id, organisation_id, name, created_at) VALUES (1, 1, 'default', 0);

CREATE TABLE users (
    id {{pk}},
    name TEXT NOT NULL,
    role BIGINT NOT NULL,
    all_organisations BIGINT NOT NULL,
    organisation_id BIGINT NOT NULL,
    password_hash TEXT NOT NULL,
    disabled BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    UNIQUE (organisation_id, name)
);
CREATE TABLE tokens (
    id {{pk}},
    kind BIGINT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    role BIGINT NOT NULL,
    all_organisations BIGINT NOT NULL,
    organisation_id BIGINT NOT NULL,
    site_id BIGINT NOT NULL,
    endpoint_role TEXT NOT NULL,
    needs_approval BIGINT NOT NULL,
    max_uses BIGINT NOT NULL,
    uses BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL,
    user_id BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE agents (
    id {{pk}},
    agent_id TEXT NOT NULL UNIQUE,
    organisation_id BIGINT NOT NULL,
    site_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    asset_id BIGINT NOT NULL,
    credential_hash TEXT NOT NULL,
    revoked BIGINT NOT NULL DEFAULT 0,
    epoch BIGINT NOT NULL DEFAULT 0,
    acked_seq BIGINT NOT NULL DEFAULT 0,
    boot_id TEXT NOT NULL DEFAULT '',
    previous_boot_id TEXT NOT NULL DEFAULT '',
    previous_epoch BIGINT NOT NULL DEFAULT 0,
    previous_acked_seq BIGINT NOT NULL DEFAULT 0,
    boot_returns BIGINT NOT NULL DEFAULT 0,
    full_state_due BIGINT NOT NULL DEFAULT 0,
    last_seen_at BIGINT NOT NULL DEFAULT 0,
    name TEXT NOT NULL DEFAULT '',
    token_id BIGINT NOT NULL DEFAULT 0,
    nonce TEXT NOT NULL DEFAULT '',
    approved BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL
);
CREATE INDEX agents_by_asset ON agents (asset_id);
CREATE INDEX agents_by_nonce ON agents (nonce) WHERE nonce <> '';
-- Copies of an agent's machine, the n-th that was found; the oldest go.
CREATE TABLE refused_boots (
    agent_id TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (agent_id, boot_id)
) {{without_rowid}};

CREATE TABLE assets (
    id {{pk}},
    organisation_id BIGINT NOT NULL,
    site_id BIGINT NOT NULL,
    class BIGINT NOT NULL,
    name TEXT NOT NULL,
    facts TEXT NOT NULL,
    lifecycle BIGINT NOT NULL,
    identified_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX assets_by_name ON assets (organisation_id, name);
-- What identifies an asset: one row per usable fact, found by the identity rules.
CREATE TABLE asset_identities (
    organisation_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    asset_id BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, kind, value, asset_id)
) {{without_rowid}};
CREATE INDEX asset_identities_by_asset ON asset_identities (asset_id);

CREATE TABLE alerts (
    id {{pk}},
    organisation_id BIGINT NOT NULL,
    source TEXT NOT NULL,
    key TEXT NOT NULL,
    state BIGINT NOT NULL,
    severity BIGINT NOT NULL,
    summary TEXT NOT NULL,
    labels {{blob}} NOT NULL, -- packed, as core/model/label_set.hpp writes them
    asset_id BIGINT NOT NULL,
    episode_id BIGINT NOT NULL,
    episode_count BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    resolved_at BIGINT NOT NULL,
    expires_after_ms BIGINT NOT NULL,
    incident_id BIGINT NOT NULL,
    opened_seq BIGINT NOT NULL,
    changed_seq BIGINT NOT NULL
);
-- By asset they are found in the correlator's memory (core/ports/alert_finder.hpp).
CREATE INDEX alerts_by_incident ON alerts (incident_id) WHERE incident_id <> 0;
-- Resends touch only this: an alert was last seen at the later of both tables' last_seen_at. Some
-- 300 of these rows fit on a page, ten of the wide ones, and scattered updates cost whole pages.
CREATE TABLE alert_seen (
    id {{pk}},
    last_seen_at BIGINT NOT NULL
);

-- One row for each journal record, with the decisions about it packed as
-- core/records/decision_block.hpp writes them: most of them say little, and a row for each would
-- cost as much as the alert itself. organisation_id 0: of several.
CREATE TABLE decisions (
    first_id {{pk}},
    count BIGINT NOT NULL,
    organisation_id BIGINT NOT NULL,
    journal_seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    -- Alerts first seen and incidents opened by these decisions. Their ids rise with those of the
    -- decisions, so the row that brought one is found by bisection. 0: none.
    first_alert BIGINT NOT NULL,
    last_alert BIGINT NOT NULL,
    first_incident BIGINT NOT NULL,
    last_incident BIGINT NOT NULL,
    packed {{blob}} NOT NULL
);
CREATE INDEX decisions_by_first_alert ON decisions (first_alert) WHERE first_alert <> 0;
CREATE INDEX decisions_by_first_incident ON decisions (first_incident) WHERE first_incident <> 0;
-- What the decisions of a row are about besides what they brought: alerts (subject 0) and
-- incidents (1).
CREATE TABLE decision_subjects (
    subject BIGINT NOT NULL,
    subject_id BIGINT NOT NULL,
    first_id BIGINT NOT NULL,
    PRIMARY KEY (subject, subject_id, first_id)
) {{without_rowid}};
CREATE INDEX decision_subjects_by_row ON decision_subjects (first_id);

CREATE TABLE incidents (
    id {{pk}},
    organisation_id BIGINT NOT NULL,
    site_id BIGINT NOT NULL,
    asset_id BIGINT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    state BIGINT NOT NULL,
    impact BIGINT NOT NULL,
    urgency BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    category TEXT NOT NULL,
    source TEXT NOT NULL,
    assignee TEXT NOT NULL,
    assignment_group TEXT NOT NULL,
    hold_reason BIGINT NOT NULL,
    close_code BIGINT NOT NULL,
    close_notes TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    resolved_at BIGINT NOT NULL,
    closed_at BIGINT NOT NULL,
    detected_at BIGINT NOT NULL,
    alert_count BIGINT NOT NULL,
    firing_count BIGINT NOT NULL,
    reopen_count BIGINT NOT NULL,
    taken_over BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX incidents_by_state ON incidents (organisation_id, state);
CREATE INDEX incidents_open ON incidents (id) WHERE state < 3;
CREATE INDEX incidents_by_asset ON incidents (asset_id) WHERE asset_id <> 0;

CREATE TABLE incident_timeline (
    id {{pk}},
    incident_id BIGINT NOT NULL,
    organisation_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    actor TEXT NOT NULL,
    visibility BIGINT NOT NULL,
    body TEXT NOT NULL,
    journal_seq BIGINT NOT NULL
);
CREATE INDEX incident_timeline_by_incident ON incident_timeline (incident_id, id);

CREATE TABLE incident_alerts (
    incident_id BIGINT NOT NULL,
    alert_id BIGINT NOT NULL,
    episode_id BIGINT NOT NULL,
    firing BIGINT NOT NULL,
    PRIMARY KEY (incident_id, alert_id)
) {{without_rowid}};

CREATE TABLE outbox (
    id {{pk}},
    organisation_id BIGINT NOT NULL,
    connector TEXT NOT NULL,
    incident_id BIGINT NOT NULL,
    operation BIGINT NOT NULL,
    idempotency_key TEXT NOT NULL,
    payload TEXT NOT NULL,
    state BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    delivered_at BIGINT NOT NULL,
    last_error TEXT NOT NULL,
    remote_id TEXT NOT NULL
);
CREATE INDEX outbox_due ON outbox (connector, state, next_attempt_at);
CREATE INDEX outbox_in_order ON outbox (connector, incident_id, id);
CREATE INDEX outbox_unfinished ON outbox (id) WHERE state IN (0, 1, 3);
-- A lease takes the oldest that may go and stops there, however many wait.
CREATE INDEX outbox_waiting ON outbox (connector, id) WHERE state IN (0, 1);

-- What the other side calls an incident.
CREATE TABLE connector_links (
    connector TEXT NOT NULL,
    incident_id BIGINT NOT NULL,
    remote_id TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (connector, incident_id)
) {{without_rowid}};

-- organisation_id 0: for all organisations.
CREATE TABLE policies (
    id {{pk}},
    organisation_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (name, organisation_id)
);

-- Cursors: how far a reader of the journal has come.
CREATE TABLE progress (
    name TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL
) {{without_rowid}};

-- The next free ids, one row.
CREATE TABLE sequences (
    one {{pk}},
    next_asset BIGINT NOT NULL,
    next_alert BIGINT NOT NULL,
    next_episode BIGINT NOT NULL,
    next_incident BIGINT NOT NULL,
    next_timeline BIGINT NOT NULL,
    next_decision BIGINT NOT NULL,
    next_agent BIGINT NOT NULL,
    next_delivery BIGINT NOT NULL
);
