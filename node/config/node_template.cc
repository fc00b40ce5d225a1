#include "node/config/node_template.h"

#include "node/config/text.h"
#include "node/config/yaml_document.h"

namespace decentd {
namespace {

constexpr std::string_view kAnswerModel =
    R"(  # Put before a conversation that brings no system message of its own.
  # system_prompt: Answer briefly.
  # Answers questions. backend is one of:
  #   openai    a server that speaks OpenAI's chat completions (llama.cpp, vLLM, Ollama, hosted)
  #   exec      a program of yours: {backend: exec, command: [./answer.py], timeout: 25s,
  #             output_limit: 256KiB, concurrency: 1}
  #   scripted  replies from a file, to try things without a model: {backend: scripted, file: f}
  answer:
    backend: openai
    url: http://127.0.0.1:8080/v1
    model: default
    # temperature: 0.7
    # max_tokens: 1024
    # Where a server refuses max_tokens and wants the newer name.
    # max_completion_tokens: true
    # seed: 1
    # Of one call. Keep it below the roster's soft deadline, or slow answers come too late.
    timeout: 25s
    # After an error that may pass.
    retries: 1
    # Calls at once; 1 suits a server with a single GPU.
    concurrency: 1
    # The API key is never written here: name an environment variable or a file with mode 0600.
    # api_key_env: OPENAI_API_KEY
    # api_key_file: api.key
    # The authority of a private server's certificate, where the system does not know it.
    # tls_authority: authority.pem
    # USD per million tokens, to show what rounds cost.
    # prices: {prompt: 0.15, completion: 0.60}
)";

constexpr std::string_view kJudgeModel =
    R"(  # Scores the answers of all nodes; the same keys as above, and method and prompts.
  judge:
    backend: openai
    url: http://127.0.0.1:8080/v1
    model: default
    temperature: 0
    timeout: 25s
    retries: 1
    concurrency: 1
    # auto tries the server's JSON mode and goes without where it is refused; json_schema; off.
    structured_output: auto
    # all_at_once: one call sees every answer. per_answer: one call each, for small models.
    method: all_at_once
    # Tokens beyond the scores; more for models that think aloud before they score.
    extra_tokens: 64
    # A folder of prompt templates in place of the built-in ones.
    # prompts: prompts
)";

std::string GatewaySection(const std::string& listen) {
  // Without an address all of it is a comment.
  const std::string off = listen.empty() ? "# " : "";
  return Concat(
      "# The council over HTTP: OpenAI's API, and pages to look at. Left out: not served.\n", off,
      "gateway:\n", off, "  listen: ", listen.empty() ? "127.0.0.1:8480" : YamlScalar(listen), "\n",
      "#   # Who may ask: the SHA-256 of each API key, one a line, with limits of its own behind\n"
      "#   # it if it has any (requests_per_minute=6). Needed where other machines reach the\n"
      "#   # address. Or the environment variable that holds them.\n"
      "#   api_keys: gateway.keys\n"
      "#   api_keys_env: DECENTD_GATEWAY_KEYS\n"
      "#   # Of one API key: questions, of which 0 is no limit; bytes of a request; and requests\n"
      "#   # under way, watching too, of which 0 is no limit.\n"
      "#   requests_per_minute: 60\n"
      "#   rounds_in_flight: 8\n"
      "#   body_bytes: 3145728\n"
      "#   requests_at_once: 64\n"
      "#   # How long a chat waits for its round's end.\n"
      "#   longest_wait: 570s\n"
      "#   # Of all together, at once; each watcher is one.\n"
      "#   connections: 256\n\n");
}

}  // namespace

std::string RenderNodeConfig(const NodeTemplate& values) {
  return Concat(
      "# One decentd node. Paths are relative to this file. Check changes with\n"
      "# 'decentctl config check', and see what is in effect with 'decentctl config show'.\n\n"
      "# As the roster names this node.\n"
      "name: ",
      YamlScalar(values.name),
      "\n"
      "# The secret key. Keep a copy apart from the data; never run two nodes with one key.\n"
      "identity_key: identity.key\n",
      values.encrypted_key
          ? "# The key is encrypted: the daemon reads its passphrase from this file (mode 0600).\n"
            "# passphrase_file: passphrase\n"
          : "",
      "# Rounds, journal and everything the node has said.\n"
      "data_directory: ",
      YamlScalar(values.data_directory),
      "\n"
      "# The cluster, the same file at every node: made by 'decentctl roster create'.\n"
      "roster: roster.yaml\n\n"
      "# Where other nodes connect. The links are encrypted and bound to the keys of the roster.\n"
      "peers:\n"
      "  listen: ",
      YamlScalar(values.peers_listen),
      "\n\n"
      "# Where decentctl and other clients connect.\n"
      "clients:\n"
      "  listen: ",
      YamlScalar(values.client_listen),
      "\n"
      "  # Needed where other machines reach the address.\n"
      "  # tls_certificate: client-api.crt\n"
      "  # tls_key: client-api.key\n"
      "  # Without TLS all the same, for a proxy that ends TLS.\n"
      "  insecure: false\n"
      "  # Who may ask: public keys that 'decentctl client init' prints. Left out: every client.\n"
      "  # allowed_keys: []\n"
      "  # Of one client; 0 is no limit.\n"
      "  requests_per_minute: 60\n"
      "  rounds_in_flight: 8\n\n",
      GatewaySection(values.gateway_listen), values.worker || values.evaluator ? "models:\n" : "",
      values.worker ? kAnswerModel : "", values.worker && values.evaluator ? "\n" : "",
      values.evaluator ? kJudgeModel : "",
      "\n"
      "limits:\n"
      "  # Unfinished rounds that this node runs for its clients at once; the roster's\n"
      "  # rounds_per_sponsor bounds them as well, and those of every other node.\n"
      "  rounds_open: 256\n"
      "  # Calls that wait for each model, beside its 'concurrency' of calls under way; beyond it\n"
      "  # the node abstains rather than be late. Answers and judgements of one model, with the "
      "same\n"
      "  # settings but for its sampling, wait in one line.\n"
      "  model_calls_waiting: 64\n\n"
      "# Finished rounds that are kept: by count, and by age (such as 90d). 0 is no limit.\n"
      "retention:\n"
      "  rounds: 100000\n"
      "  age: 0s\n\n"
      "# Prometheus' metrics at http://ADDRESS/metrics, without TLS. Left out: not served.\n"
      "# metrics:\n"
      "#   listen: 127.0.0.1:9464\n\n"
      "log:\n"
      "  level: info    # debug, info, warn, error\n"
      "  format: text   # text, json\n");
}

}  // namespace decentd
