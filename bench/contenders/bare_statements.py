"""The statements of the bare prototype: one each for all that a batch reads and writes."""

TAKE = """
INSERT INTO l1_walk_progress AS p (topic, partition, epoch)
SELECT $1, t.partition, 1 FROM unnest($2::int[]) AS t(partition) ORDER BY t.partition
ON CONFLICT (topic, partition) DO UPDATE SET epoch = p.epoch + 1
RETURNING partition, epoch, next_offset
"""

LOCK = """
SELECT partition, epoch, next_offset FROM l1_walk_progress
WHERE topic = $1 AND partition = ANY($2::int[]) ORDER BY partition FOR UPDATE
"""

ADVANCE = """
UPDATE l1_walk_progress AS p SET next_offset = a.next_offset, digest = a.digest, updated_at = now()
FROM unnest($2::int[], $3::bigint[], $4::bytea[]) AS a(partition, next_offset, digest)
WHERE p.topic = $1 AND p.partition = a.partition
"""

LOAD = """
SELECT id, account_id, created_by_user_id, ticket_id, ticket_kind, session_kind, flow_id, started_at,
  walked_path::text, walk_notes::text, current_node_id, status, resolution_notes, helpful, escalation_reason,
  escalation_reason_category, last_step_at, resolved_at, version, home_partition
FROM l1_walk_sessions WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""

SEEN = """
SELECT 1 FROM unnest($1::uuid[], $2::text[], $3::text[]) AS k(session_id, source, command_id)
JOIN l1_walk_inbox AS i USING (session_id, source, command_id)
"""

_CHANGING = """current_node_id, status, resolution_notes, helpful, escalation_reason,
  escalation_reason_category, last_step_at, resolved_at, version, home_partition"""
_FIXED = "id, account_id, created_by_user_id, ticket_id, ticket_kind, session_kind, flow_id, started_at"

INSERT = f"""
INSERT INTO l1_walk_sessions ({_FIXED}, {_CHANGING}, walked_path, walk_notes)
SELECT {_FIXED}, {_CHANGING}, n.path::jsonb, n.notes::jsonb FROM unnest(
  $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::timestamptz[],
  $9::text[], $10::text[], $11::text[], $12::bool[], $13::text[], $14::text[], $15::timestamptz[],
  $16::timestamptz[], $17::int[], $18::int[], $19::text[], $20::text[]
) AS n({_FIXED}, {_CHANGING}, path, notes)
"""

UPDATE = f"""
UPDATE l1_walk_sessions AS s SET current_node_id = u.current_node_id, status = u.status,
  resolution_notes = u.resolution_notes, helpful = u.helpful, escalation_reason = u.escalation_reason,
  escalation_reason_category = u.escalation_reason_category, last_step_at = u.last_step_at,
  resolved_at = u.resolved_at, version = u.version, home_partition = u.home_partition,
  walked_path = s.walked_path || u.path::jsonb, walk_notes = s.walk_notes || u.notes::jsonb, updated_at = now()
FROM unnest(
  $1::uuid[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::text[], $7::text[], $8::timestamptz[],
  $9::timestamptz[], $10::int[], $11::int[], $12::text[], $13::text[]
) AS u(id, {_CHANGING}, path, notes)
WHERE s.id = u.id
"""

REMEMBER = """
INSERT INTO l1_walk_inbox
  (session_id, source, command_id, digest, outcome, reason, version, origin_partition, origin_offset)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::int[],
                     $8::int[], $9::bigint[])
"""

OWE = """
INSERT INTO l1_walk_outbox
  (partition, "offset", number, topic, target_partition, key, headers, value, session_id, account_id)
SELECT * FROM unnest($1::int[], $2::bigint[], $3::int[], $4::text[], $5::int[], $6::bytea[], $7::bytea[],
                     $8::bytea[], $9::uuid[], $10::uuid[])
"""

FORGET = """
DELETE FROM l1_walk_outbox AS o USING unnest($1::int[], $2::bigint[], $3::int[]) AS f(partition, "offset", number)
WHERE o.partition = f.partition AND (o."offset", o.number) <= (f."offset", f.number)
"""
