package kz.example;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Reads what was forwarded to your body, and sends its signed information back.
 *
 * <pre>
 * read [start | OFFSET | 2026-03-01T00:00:00Z]   what there is, one line each, to the end; without a place, what is new
 * submit CASE ANSWER.pdf NUMBER 1,2 POSITION NAME   information signed by the first head, which answers questions 1, 2
 * </pre>
 *
 * Dates are printed as Avro has them: days since 1970.
 *
 * Five settings by environment variable, as they were handed to you: JAUAP_SERVERS, JAUAP_HTTP, JAUAP_CA, JAUAP_BODY,
 * JAUAP_PASSWORD_FILE.
 */
public final class Ministry {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final String body = System.getenv("JAUAP_BODY");
  private final String address = System.getenv("JAUAP_HTTP");
  private final String password;
  private final HttpClient http;
  private final TopicPartition feed = new TopicPartition("jauap.feed." + body, 0);
  private final Map<Integer, Schema> schemas = new HashMap<>();

  private Ministry() throws Exception {
    password = Files.readString(Path.of(System.getenv("JAUAP_PASSWORD_FILE"))).strip();
    http = HttpClient.newBuilder().sslContext(trusting(Path.of(System.getenv("JAUAP_CA")))).build();
  }

  public static void main(String[] words) throws Exception {
    Ministry ministry = new Ministry();
    if (words.length > 0 && words[0].equals("read")) {
      ministry.read(words.length > 1 ? words[1] : null);
    } else if (words.length == 7 && words[0].equals("submit")) {
      List<String> answers = List.of(words[4].split(","));
      System.exit(ministry.submit(words[1], Path.of(words[2]), words[3], answers, words[5], words[6]) ? 0 : 1);
    } else {
      System.err.println("read [start | OFFSET | INSTANT], or submit CASE ANSWER.pdf NUMBER 1,2 POSITION NAME");
      System.exit(2);
    }
  }

  /** Prints each item once, fetches the documents that it names, and only then stores how far it is. */
  private void read(String from) throws Exception {
    Set<String> seen = new HashSet<>(); // keep this in your own database, with what you make of an item
    try (KafkaConsumer<String, byte[]> consumer = consumer()) {
      consumer.assign(List.of(feed));
      long end = consumer.endOffsets(List.of(feed)).get(feed);
      seek(consumer, from);
      while (consumer.position(feed) < end) {
        for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          if (seen.add(header(record, "ce_id"))) { // an item may stand there twice
            GenericRecord item = decode(record.value());
            if (item.hasField("documents")) {
              for (Object document : (List<?>) item.get("documents")) {
                fetch(((GenericRecord) document).get("sha256").toString());
              }
            }
            System.out.println(
                record.offset() + " " + record.key() + " " + header(record, "ce_type") + " " + item);
          }
        }
        if (from == null) { // who looks at a place of their choice leaves what is stored alone
          consumer.commitSync();
        }
      }
    }
  }

  private void seek(KafkaConsumer<String, byte[]> consumer, String from) {
    if (from == null) {
      if (consumer.committed(Set.of(feed)).get(feed) == null) {
        consumer.seekToBeginning(List.of(feed));
      }
    } else if (from.equals("start")) {
      consumer.seekToBeginning(List.of(feed));
    } else if (from.chars().allMatch(Character::isDigit)) {
      consumer.seek(feed, Long.parseLong(from));
    } else {
      var found = consumer.offsetsForTimes(Map.of(feed, Instant.parse(from).toEpochMilli())).get(feed);
      if (found == null) {
        consumer.seekToEnd(List.of(feed));
      } else {
        consumer.seek(feed, found.offset());
      }
    }
  }

  /** Puts the document, sends the information, and waits for its answer. */
  private boolean submit(
      String caseId, Path file, String number, List<String> answers, String position, String name) throws Exception {
    byte[] bytes = Files.readAllBytes(file);
    String sha256 = sha256(bytes);
    ask(request("/documents/" + sha256).PUT(HttpRequest.BodyPublishers.ofByteArray(bytes)));
    String answer = new String(
        ask(request("/subjects/jauap.SupplyInformation/versions/latest")), StandardCharsets.UTF_8);
    Schema schema = new Schema.Parser().parse(Json.text(answer, "schema"));
    GenericRecord document = new GenericRecordBuilder(schema.getField("documents").schema().getElementType())
        .set("sha256", sha256)
        .set("size", (long) bytes.length)
        .set("media_type", "application/pdf")
        .set("title", "Information of " + body)
        .build();
    GenericRecord signatory = new GenericRecordBuilder(schema.getField("signatory").schema())
        .set("name", name)
        .set("position", position)
        .set("capacity", "first-head")
        .build();
    GenericRecord information = new GenericRecordBuilder(schema)
        .set("submitted_on", (int) LocalDate.now(java.time.ZoneId.of("Asia/Almaty")).toEpochDay())
        .set("number", number)
        .set("signatory", signatory)
        .set("answers", new ArrayList<>(answers))
        .set("documents", new ArrayList<>(List.of(document)))
        .build();
    String id = UUID.randomUUID().toString(); // your own id of this submission: the answer names it
    try (KafkaConsumer<String, byte[]> consumer = consumer();
        KafkaProducer<String, byte[]> producer = producer()) {
      consumer.assign(List.of(feed));
      consumer.seek(feed, consumer.endOffsets(List.of(feed)).get(feed));
      var record = new ProducerRecord<>(
          "jauap.submit." + body, caseId, encode(Json.number(answer, "id"), information));
      record.headers().add("ce_id", id.getBytes(StandardCharsets.UTF_8));
      producer.send(record).get();
      return answered(consumer, id);
    }
  }

  private boolean answered(KafkaConsumer<String, byte[]> consumer, String id) throws Exception {
    Instant until = Instant.now().plus(PATIENCE);
    while (Instant.now().isBefore(until)) {
      for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(200))) {
        String kind = header(record, "ce_type");
        if (kind.equals("jauap.SubmissionTaken") || kind.equals("jauap.SubmissionRefused")) {
          GenericRecord answer = decode(record.value());
          if (answer.get("submission").toString().equals(id)) {
            System.out.println(kind + " " + answer);
            return kind.equals("jauap.SubmissionTaken");
          }
        }
      }
    }
    System.err.println("no answer within " + PATIENCE.toSeconds() + " s; it comes on the feed");
    return false;
  }

  /** What a record holds: a zero, the schema's id in four bytes, and then Avro. */
  private GenericRecord decode(byte[] value) throws Exception {
    ByteBuffer buffer = ByteBuffer.wrap(value);
    if (buffer.get() != 0) {
      throw new IOException("this is no record of jauap");
    }
    int id = buffer.getInt();
    Schema schema = schemas.get(id);
    if (schema == null) {
      String answer = new String(ask(request("/schemas/ids/" + id)), StandardCharsets.UTF_8);
      schema = new Schema.Parser().parse(Json.text(answer, "schema"));
      schemas.put(id, schema);
    }
    var decoder = DecoderFactory.get().binaryDecoder(value, buffer.position(), buffer.remaining(), null);
    return new GenericDatumReader<GenericRecord>(schema).read(null, decoder);
  }

  private static byte[] encode(int id, GenericRecord content) throws IOException {
    var bytes = new java.io.ByteArrayOutputStream();
    bytes.writeBytes(ByteBuffer.allocate(5).put((byte) 0).putInt(id).array());
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
    new GenericDatumWriter<GenericRecord>(content.getSchema()).write(content, encoder);
    encoder.flush();
    return bytes.toByteArray();
  }

  private void fetch(String sha256) throws Exception {
    Path file = Path.of("documents", sha256);
    if (Files.notExists(file)) {
      byte[] content = ask(request("/documents/" + sha256));
      if (!sha256(content).equals(sha256)) {
        throw new IOException("these are not the bytes of " + sha256);
      }
      Files.createDirectories(file.getParent());
      Files.write(file, content);
    }
  }

  private HttpRequest.Builder request(String path) {
    String login = Base64.getEncoder().encodeToString((body + ":" + password).getBytes(StandardCharsets.UTF_8));
    return HttpRequest.newBuilder(URI.create(address + path)).timeout(PATIENCE).header("Authorization", "Basic " + login);
  }

  private byte[] ask(HttpRequest.Builder request) throws Exception {
    HttpResponse<byte[]> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    if (answer.statusCode() >= 300) {
      throw new IOException(answer.statusCode() + " " + new String(answer.body(), StandardCharsets.UTF_8));
    }
    return answer.body();
  }

  private Properties login() {
    Properties told = new Properties();
    told.put("bootstrap.servers", System.getenv("JAUAP_SERVERS"));
    told.put("security.protocol", "SASL_SSL");
    told.put("sasl.mechanism", "SCRAM-SHA-512");
    told.put(
        "sasl.jaas.config",
        "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"" + body + "\" password=\""
            + password + "\";");
    told.put("ssl.truststore.type", "PEM");
    told.put("ssl.truststore.location", System.getenv("JAUAP_CA"));
    return told;
  }

  private KafkaConsumer<String, byte[]> consumer() {
    Properties told = login();
    told.put("group.id", body + ".java"); // your groups' names begin with your code
    told.put("enable.auto.commit", "false");
    told.put("auto.offset.reset", "earliest");
    return new KafkaConsumer<>(told, new StringDeserializer(), new ByteArrayDeserializer());
  }

  private KafkaProducer<String, byte[]> producer() {
    return new KafkaProducer<>(login(), new StringSerializer(), new ByteArraySerializer());
  }

  private static String header(ConsumerRecord<?, ?> record, String name) {
    Header found = record.headers().lastHeader(name);
    return found == null ? "" : new String(found.value(), StandardCharsets.UTF_8);
  }

  private static String sha256(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  private static SSLContext trusting(Path authority) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (var file = Files.newInputStream(authority)) {
      store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(file));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }
}
