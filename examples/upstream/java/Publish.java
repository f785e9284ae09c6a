// Publish one walk and print how it ended. Needs kafka-clients and jackson-databind: java -cp 'JARS/*' Publish.java
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class Publish {
    static final ObjectMapper JSON = new ObjectMapper();
    static final String SERVERS = setting("WALK_KAFKA_BOOTSTRAP_SERVERS", "localhost:9092");
    static final String PREFIX = setting("WALK_TOPIC_PREFIX", "l1.walk");
    static final Duration PATIENCE = Duration.ofSeconds(Long.parseLong(setting("WAIT_SECONDS", "30")));
    static final String ACCOUNT = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
    static final String USER = "550e8400-e29b-41d4-a716-446655440000";
    static final Map<String, Object> START = Map.of(
            "account_id", ACCOUNT, "user_id", USER, "session_kind", "ai_build", "start_node_id", "link-light",
            "ticket", Map.of("id", "T20260131.0042", "kind", "psa"));
    static final Map<String, Object> STEP = Map.of(
            "account_id", ACCOUNT, "user_id", USER,
            "node_id", "link-light", "question", "Is the link light on?", "answer", "no");
    static final Map<String, Object> RESOLVE = Map.of(
            "account_id", ACCOUNT, "user_id", USER,
            "resolution_notes", "Plugged the cable back in – it works.", "helpful", true);

    static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }

    static ProducerRecord<String, byte[]> command(String session, String verb, Map<String, Object> data)
            throws Exception {
        var event = Map.of(
                "specversion", "1.0", "id", UUID.randomUUID().toString(), "source", "/examples/java",
                "type", "l1.walk." + verb + ".v1", "subject", session, "time", Instant.now().toString(),
                "datacontenttype", "application/json", "data", data);
        var record = new ProducerRecord<>(PREFIX + ".commands", session, JSON.writeValueAsBytes(event));
        record.headers().add("content-type", "application/cloudevents+json".getBytes());
        return record;
    }

    static void publish(String session) throws Exception {
        Map<String, Object> options = Map.of("bootstrap.servers", SERVERS, "max.block.ms", "10000");
        try (var producer = new KafkaProducer<>(options, new StringSerializer(), new ByteArraySerializer())) {
            producer.send(command(session, "start", START)).get();
            producer.send(command(session, "step", STEP)).get();
            producer.send(command(session, "resolve", RESOLVE)).get();
        }
    }

    static void readFromHere(KafkaConsumer<String, byte[]> consumer) {
        var partitions = List.of(PREFIX + ".resolved", PREFIX + ".rejected").stream()
                .flatMap(topic -> consumer.partitionsFor(topic).stream())
                .map(found -> new TopicPartition(found.topic(), found.partition())).toList();
        consumer.assign(partitions);
        consumer.seekToEnd(partitions);
        partitions.forEach(consumer::position); // now, not when it is first polled
    }

    static JsonNode ending(KafkaConsumer<String, byte[]> consumer, String session) throws Exception {
        var deadline = Instant.now().plus(PATIENCE);
        while (Instant.now().isBefore(deadline)) {
            for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(500))) {
                JsonNode event = JSON.readTree(record.value());
                if (event.path("subject").asText().equals(session)) {
                    return event;
                }
            }
        }
        throw new KafkaException("nothing came within " + PATIENCE.toSeconds() + " seconds: does a worker run?");
    }

    public static void main(String[] arguments) throws Exception {
        var session = UUID.randomUUID().toString();
        Map<String, Object> options = Map.of("bootstrap.servers", SERVERS, "default.api.timeout.ms", "10000");
        try (var consumer = new KafkaConsumer<>(options, new StringDeserializer(), new ByteArrayDeserializer())) {
            readFromHere(consumer);
            publish(session);
            JsonNode event = ending(consumer, session), data = event.get("data");
            if (!event.get("type").asText().equals("l1.walk.resolved.v1")) {
                throw new KafkaException("rejected: " + data.get("command_type").asText() + ": "
                        + data.get("reason").asText() + ": " + data.path("errors"));
            }
            System.out.println("resolved: " + data.get("ticket").get("id").asText() + ", walk " + session);
            System.out.println(data.get("summary").asText());
        } catch (KafkaException | ExecutionException error) {
            System.err.println(error.getMessage());
            System.exit(1);
        }
    }
}
