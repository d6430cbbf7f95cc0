import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import software.amazon.event.ruler.Machine;

/** Answers every line {"pattern": ..., "event": ...} with whether the pattern matches the event. */
public class EventRuler {
  public static void main(String[] arguments) throws Exception {
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    ObjectMapper mapper = new ObjectMapper();
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      JsonNode question = mapper.readTree(line);
      Machine machine = new Machine();
      machine.addRule("rule", question.get("pattern").toString());
      System.out.println(machine.rulesForJSONEvent(question.get("event").toString()).contains("rule"));
    }
  }
}
