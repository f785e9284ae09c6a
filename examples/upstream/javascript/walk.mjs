// Publish one walk with the CloudEvents SDK and print how it ended: npm ci && node walk.mjs [structured|binary]
import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { CloudEvent, Kafka as Binding } from "cloudevents";
import { Kafka, logLevel } from "kafkajs";

const servers = process.env.WALK_KAFKA_BOOTSTRAP_SERVERS ?? "localhost:9092";
const prefix = process.env.WALK_TOPIC_PREFIX ?? "l1.walk";
const seconds = Number(process.env.WAIT_SECONDS ?? 30);
const mode = process.argv[2] ?? "structured";
const who = {
  account_id: "7c9e6679-7425-40de-944b-e07fc1f90ae7",
  user_id: "550e8400-e29b-41d4-a716-446655440000",
};
const ticket = { id: "T20260131.0042", kind: "psa" };
const walk = {
  start: { ticket, session_kind: "ai_build", start_node_id: "link-light" },
  step: { node_id: "link-light", question: "Is the link light on?", answer: "no" },
  resolve: { resolution_notes: "Plugged the cable back in – it works.", helpful: true },
};

function command(session, verb) {
  const event = new CloudEvent({
    id: randomUUID(),
    source: "/examples/javascript",
    type: `l1.walk.${verb}.v1`,
    subject: session,
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    data: { ...who, ...walk[verb] },
  });
  const { headers, value } = Binding[mode](event);
  if (mode === "structured") return { key: session, headers, value };
  // in binary mode the SDK leaves the value an object, and headers without a value among the others
  return { key: session, headers: JSON.parse(JSON.stringify(headers)), value: JSON.stringify(value) };
}

// The SDK wants headers as text, as it has them itself; Kafka has bytes.
function read({ headers, value }) {
  const texts = Object.entries(headers).map(([name, bytes]) => [name, String(bytes)]);
  return Binding.toEvent({ headers: Object.fromEntries(texts), value: String(value) });
}

async function consumeWhatComes(kafka, topics, handle) {
  const admin = kafka.admin();
  const consumer = kafka.consumer({ groupId: `example-${randomUUID()}` });
  await Promise.all([admin.connect(), consumer.connect()]);
  const ends = await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic)));
  await admin.disconnect();
  await consumer.subscribe({ topics });
  await consumer.run({ autoCommit: false, eachMessage: async ({ message }) => handle(read(message)) });
  topics.forEach((topic, i) => ends[i].forEach((end) => consumer.seek({ topic, ...end })));
  return consumer;
}

async function main() {
  // kafkajs 2 has Java's partitioner unless it is told otherwise
  const kafka = new Kafka({ brokers: servers.split(","), logLevel: logLevel.NOTHING, retry: { retries: 3 } });
  const session = randomUUID();
  const told = new EventEmitter();
  const topics = [`${prefix}.resolved`, `${prefix}.rejected`];
  const consumer = await consumeWhatComes(kafka, topics, (event) => told.emit(event.subject, event));
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  try {
    await producer.connect();
    const ending = once(told, session, { signal: AbortSignal.timeout(seconds * 1000) });
    const messages = Object.keys(walk).map((verb) => command(session, verb));
    const sent = producer.send({ topic: `${prefix}.commands`, messages });
    const [, [{ type, data }]] = await Promise.all([sent, ending]);
    if (type !== "l1.walk.resolved.v1") {
      const errors = (data.errors ?? []).map(({ field, message }) => `${field} ${message}`).join("; ");
      throw new Error(`rejected: ${data.command_type}: ${data.reason}: ${errors}`);
    }
    console.log(`resolved: ${data.ticket.id}, walk ${session}\n${data.summary}`);
  } finally {
    await Promise.all([producer.disconnect(), consumer.disconnect()]);
  }
}

main().catch(({ name, message }) => {
  console.error(name === "AbortError" ? `nothing came within ${seconds} seconds: does a worker run?` : message);
  process.exitCode = 1;
});
