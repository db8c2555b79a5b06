CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE attempts (
	task_id VARCHAR(36) NOT NULL,
	fence BIGINT NOT NULL,
	worker VARCHAR(255) NOT NULL,
	claim_id VARCHAR(255) NOT NULL,
	lease_hash VARCHAR(64) NOT NULL,
	tool_hash VARCHAR(64) NOT NULL,
	started_at BIGINT NOT NULL,
	confirmed_at BIGINT,
	ended_at BIGINT,
	outcome VARCHAR(32),
	digest VARCHAR(64),
	left_task VARCHAR(32),
	usage TEXT,
	session VARCHAR(255), logged_lines BIGINT DEFAULT 0 NOT NULL, logged_bytes BIGINT DEFAULT 0 NOT NULL,
	CONSTRAINT pk_attempts PRIMARY KEY (task_id, fence),
	CONSTRAINT fk_attempts_task_id_tasks FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE
)
 WITHOUT ROWID;

CREATE TABLE audit (
	id VARCHAR(36) NOT NULL,
	at BIGINT NOT NULL,
	action VARCHAR(32) NOT NULL,
	target VARCHAR(255) NOT NULL,
	data TEXT NOT NULL,
	CONSTRAINT pk_audit PRIMARY KEY (id)
);

CREATE TABLE conversation_aliases (
	alias VARCHAR(255) NOT NULL,
	conversation VARCHAR(255) NOT NULL,
	created_at BIGINT NOT NULL,
	CONSTRAINT pk_conversation_aliases PRIMARY KEY (alias)
);

CREATE TABLE dedupe_keys (
	"key" VARCHAR(255) NOT NULL,
	delivery_id VARCHAR(36) NOT NULL,
	task_id VARCHAR(36),
	claimed_at BIGINT NOT NULL,
	CONSTRAINT pk_dedupe_keys PRIMARY KEY ("key")
)
 WITHOUT ROWID;

CREATE TABLE deliveries (
	id VARCHAR(36) NOT NULL,
	provider VARCHAR(32) NOT NULL,
	source VARCHAR(255) NOT NULL,
	received_at BIGINT NOT NULL,
	remote VARCHAR(255) NOT NULL,
	event VARCHAR(255) NOT NULL,
	action VARCHAR(255) NOT NULL,
	external_id VARCHAR(255),
	lane VARCHAR(255),
	conversation VARCHAR(255),
	origin VARCHAR(255),
	actor_id VARCHAR(255),
	actor_name VARCHAR(255),
	actor_kind VARCHAR(32),
	url TEXT,
	title TEXT NOT NULL,
	status VARCHAR(32) NOT NULL,
	reason VARCHAR(255),
	detail TEXT,
	rule VARCHAR(255),
	task_id VARCHAR(36),
	replay_of VARCHAR(36),
	size BIGINT NOT NULL,
	sha256 VARCHAR(64) NOT NULL,
	headers TEXT,
	body BLOB,
	CONSTRAINT pk_deliveries PRIMARY KEY (id)
);

CREATE TABLE delivery_tasks (
	task_id VARCHAR(36) NOT NULL,
	delivery_id VARCHAR(36) NOT NULL,
	role VARCHAR(32) NOT NULL,
	CONSTRAINT pk_delivery_tasks PRIMARY KEY (task_id, delivery_id),
	CONSTRAINT fk_delivery_tasks_task_id_tasks FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE
)
 WITHOUT ROWID;

CREATE TABLE duties (
	name VARCHAR(32) NOT NULL,
	holder VARCHAR(255) NOT NULL,
	ends_at BIGINT NOT NULL,
	CONSTRAINT pk_duties PRIMARY KEY (name)
);

CREATE TABLE "effects" (
	"key" VARCHAR(255) NOT NULL,
	task_id VARCHAR(36),
	fence BIGINT,
	provider VARCHAR(32) NOT NULL,
	source VARCHAR(255) NOT NULL,
	kind VARCHAR(32) NOT NULL,
	payload TEXT NOT NULL,
	state VARCHAR(32) NOT NULL,
	tries SMALLINT DEFAULT 0 NOT NULL,
	created_at BIGINT NOT NULL,
	due_at BIGINT NOT NULL,
	tried_at BIGINT,
	ended_at BIGINT,
	reference VARCHAR(255),
	error TEXT,
	CONSTRAINT pk_effects PRIMARY KEY ("key"),
	CONSTRAINT fk_effects_task_id_tasks FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE
);

CREATE TABLE pauses (
	scope VARCHAR(255) NOT NULL,
	since BIGINT NOT NULL,
	reason TEXT, paused_by VARCHAR(255) DEFAULT '' NOT NULL,
	CONSTRAINT pk_pauses PRIMARY KEY (scope)
);

CREATE TABLE sessions (
	conversation VARCHAR(255) NOT NULL,
	agent VARCHAR(255) NOT NULL,
	session VARCHAR(255) NOT NULL,
	task_id VARCHAR(36) NOT NULL,
	fence BIGINT NOT NULL,
	told_at BIGINT NOT NULL,
	CONSTRAINT pk_sessions PRIMARY KEY (conversation, agent),
	CONSTRAINT fk_sessions_task_id_tasks FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE
)
 WITHOUT ROWID;

CREATE TABLE task_events (
	task_id VARCHAR(36) NOT NULL,
	seq INTEGER NOT NULL,
	at BIGINT NOT NULL,
	event VARCHAR(64) NOT NULL,
	delivery_id VARCHAR(36),
	fence BIGINT,
	data TEXT NOT NULL,
	logged SMALLINT DEFAULT 0 NOT NULL,
	CONSTRAINT pk_task_events PRIMARY KEY (task_id, seq)
)
 WITHOUT ROWID;

CREATE TABLE tasks (
	id VARCHAR(36) NOT NULL,
	state VARCHAR(32) NOT NULL,
	queued_reason VARCHAR(255),
	band SMALLINT NOT NULL,
	accepted_at BIGINT NOT NULL,
	due_at BIGINT,
	finished_at BIGINT,
	provider VARCHAR(32) NOT NULL,
	source VARCHAR(255) NOT NULL,
	lane VARCHAR(255) NOT NULL,
	conversation VARCHAR(255) NOT NULL,
	origin VARCHAR(255) NOT NULL,
	delivery_id VARCHAR(36) NOT NULL,
	"trigger" VARCHAR(32) NOT NULL,
	verb VARCHAR(32) NOT NULL,
	text TEXT NOT NULL,
	title TEXT NOT NULL,
	url TEXT,
	requested_by VARCHAR(255),
	requested_by_name VARCHAR(255),
	rule VARCHAR(255) NOT NULL,
	agent VARCHAR(255) NOT NULL,
	model VARCHAR(255),
	mode VARCHAR(32) NOT NULL,
	budget_micro_usd BIGINT,
	repository VARCHAR(255),
	base_ref VARCHAR(255),
	chain_depth SMALLINT DEFAULT 0 NOT NULL,
	revision SMALLINT DEFAULT 0 NOT NULL,
	fence BIGINT DEFAULT 0 NOT NULL,
	holder VARCHAR(255),
	lease_ends_at BIGINT,
	lost_count SMALLINT DEFAULT 0 NOT NULL,
	cancel_requested_at BIGINT,
	paused_at BIGINT,
	outcome VARCHAR(255),
	open_key VARCHAR(255),
	queue_epoch VARCHAR(255) DEFAULT ('') NOT NULL, tries SMALLINT DEFAULT 0 NOT NULL, result TEXT, question TEXT, unclaimed_count SMALLINT DEFAULT 0 NOT NULL, fold_key VARCHAR(64),
	CONSTRAINT pk_tasks PRIMARY KEY (id)
);

CREATE TABLE words (
	task_id VARCHAR(36) NOT NULL,
	delivery_id VARCHAR(36) NOT NULL,
	kind VARCHAR(32) NOT NULL,
	text TEXT NOT NULL,
	said_by VARCHAR(255),
	url TEXT,
	said_at BIGINT NOT NULL,
	after_fence BIGINT NOT NULL,
	CONSTRAINT pk_words PRIMARY KEY (task_id, delivery_id),
	CONSTRAINT fk_words_task_id_tasks FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE
)
 WITHOUT ROWID;

CREATE TABLE workers (
	token_hash VARCHAR(64) NOT NULL,
	name VARCHAR(255) NOT NULL,
	created_at BIGINT NOT NULL,
	revoked_at BIGINT,
	last_seen_at BIGINT,
	CONSTRAINT pk_workers PRIMARY KEY (token_hash)
);

CREATE INDEX ix_dedupe_keys_claimed_at ON dedupe_keys (claimed_at);

CREATE INDEX ix_deliveries_lane_id ON deliveries (lane, id);

CREATE INDEX ix_deliveries_provider_id ON deliveries (provider, id);

CREATE INDEX ix_deliveries_status_id ON deliveries (status, id);

CREATE INDEX ix_delivery_tasks_delivery_id ON delivery_tasks (delivery_id);

CREATE INDEX ix_effects_due_at_pending ON effects (due_at) WHERE state = 'pending';

CREATE INDEX ix_effects_task_id_created_at ON effects (task_id, created_at);

CREATE INDEX ix_sessions_task_id ON sessions (task_id);

CREATE INDEX ix_task_events_unlogged ON task_events (at, task_id) WHERE logged = 0;

CREATE INDEX ix_tasks_conversation_id ON tasks (conversation, id);

CREATE INDEX ix_tasks_conversation_id_foldable ON tasks (conversation, id) WHERE state = 'queued' AND fold_key IS NOT NULL;

CREATE INDEX ix_tasks_conversation_waiting ON tasks (conversation) WHERE state = 'waiting';

CREATE INDEX ix_tasks_due_at_waiting ON tasks (due_at) WHERE state = 'waiting';

CREATE INDEX ix_tasks_lane_id ON tasks (lane, id);

CREATE INDEX ix_tasks_origin ON tasks (origin);

CREATE INDEX ix_tasks_provider_id ON tasks (provider, id);

CREATE INDEX ix_tasks_queue_epoch_accepted_at ON tasks (queue_epoch, accepted_at) WHERE state IN ('queued', 'scheduled', 'running');

CREATE INDEX ix_tasks_state_id ON tasks (state, id);

CREATE UNIQUE INDEX uq_attempts_lease_hash ON attempts (lease_hash);

CREATE UNIQUE INDEX uq_attempts_tool_hash ON attempts (tool_hash);

CREATE UNIQUE INDEX uq_tasks_conversation_running ON tasks (conversation) WHERE state = 'running';

CREATE UNIQUE INDEX uq_workers_name_unrevoked ON workers (name) WHERE revoked_at IS NULL
