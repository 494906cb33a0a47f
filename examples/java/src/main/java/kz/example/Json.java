package kz.example;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

/** The registry's answers. Avro brings the library along. */
final class Json {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private Json() {}

  static String text(String json, String name) throws JsonProcessingException {
    return MAPPER.readTree(json).required(name).asText();
  }

  static int number(String json, String name) throws JsonProcessingException {
    return MAPPER.readTree(json).required(name).asInt();
  }
}
