// Walks a ticket and waits for what a PSA connector gets of it; its types are generated from contracts/asyncapi.json.
import { Kafka, Partitioners, logLevel } from "kafkajs";
import { randomUUID } from "node:crypto";
import type { EscalatedEvent } from "./generated/EscalatedEvent";
import type { ResolveCommand } from "./generated/ResolveCommand";
import type { ResolvedEvent } from "./generated/ResolvedEvent";
import type { StartCommand } from "./generated/StartCommand";
import type { StepCommand } from "./generated/StepCommand";

type Command = StartCommand | StepCommand | ResolveCommand;
type Ended = ResolvedEvent | EscalatedEvent;

const brokers = (process.env["WALK_KAFKA_BOOTSTRAP_SERVERS"] ?? "localhost:9092").split(",");
const prefix = process.env["WALK_TOPIC_PREFIX"] ?? "l1.walk";
const structured = { "content-type": "application/cloudevents+json" };

const session = randomUUID();
const sender = { account_id: randomUUID(), user_id: randomUUID() };

function envelope() {
  const attributes = { specversion: "1.0" as const, id: randomUUID(), source: "/typescript-client" };
  return { ...attributes, subject: session, time: new Date().toISOString() };
}

const start: StartCommand = {
  ...envelope(),
  type: "l1.walk.start.v1",
  data: { ...sender, ticket: { id: "T-TS-1", kind: "psa" }, session_kind: "flow", flow_id: randomUUID() },
};
const step: StepCommand = {
  ...envelope(),
  type: "l1.walk.step.v1",
  data: { ...sender, node_id: "link-light", question: "Is the link light on?", answer: "no" },
};
const resolve: ResolveCommand = {
  ...envelope(),
  type: "l1.walk.resolve.v1",
  data: { ...sender, resolution_notes: "Plugged the cable back in.", helpful: true },
};

async function publish(kafka: Kafka, commands: Command[]): Promise<void> {
  // murmur2, as all clients of a topic must have it; idempotent, so that a retry neither doubles nor reorders
  const createPartitioner = Partitioners.DefaultPartitioner;
  const producer = kafka.producer({ createPartitioner, idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const messages = commands.map((command) => ({
    key: command.subject,
    value: JSON.stringify(command),
    headers: structured,
  }));
  await producer.send({ topic: `${prefix}.commands`, messages });
  await producer.disconnect();
}

async function ended(kafka: Kafka): Promise<Ended> {
  const consumer = kafka.consumer({ groupId: `typescript-${session}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [`${prefix}.resolved`, `${prefix}.escalated`], fromBeginning: true });
  const event = await new Promise<Ended>((found, failed) => {
    const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => {
      const event = JSON.parse(String(message.value)) as Ended;
      if (event.subject === session) found(event);
    };
    consumer.run({ eachMessage }).catch(failed);
  });
  await consumer.disconnect();
  return event;
}

function told(event: Ended): string {
  switch (event.type) {
    case "l1.walk.resolved.v1":
      return `resolved ${event.data.ticket.id}: ${event.data.resolution_notes}`;
    case "l1.walk.escalated.v1":
      return `escalated ${event.data.ticket.id}: ${event.data.reason}`;
  }
}

async function main(): Promise<void> {
  const kafka = new Kafka({ clientId: "typescript-client", brokers, logLevel: logLevel.ERROR });
  await publish(kafka, [start, step, resolve]);
  const event = await ended(kafka);
  const { path_count, active_seconds, summary } = event.data;
  const caused = event.causationid === resolve.id;
  console.log(told(event));
  console.log(JSON.stringify({ session, caused, version: event.sessionversion, path_count, active_seconds, summary }));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
