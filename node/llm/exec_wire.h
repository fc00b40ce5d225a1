// What a program of the operator's reads and writes. Pure functions.
//
// The program is started for each call, reads one JSON object from standard input until its end,
// and writes one JSON object to standard output:
//
//   {"type": "answer", "round": "<64 hexadecimal digits>",
//    "messages": [{"role": "user", "content": "..."}],
//    "sampling": {"max_tokens": 512, "temperature": 0.7, "top_p": 1, "seed": 7, "stop": ["..."],
//                 "response_format": {...}}}             only what is set; "sampling" may be {}
//   -> {"text": "..."}                                   and, where known, "model",
//      "finish_reason", "usage": {"prompt_tokens": 1, "completion_tokens": 2, "cost_micro_usd": 3}
//
//   {"type": "judge", "round": "...", "messages": [...], "sampling": {...},
//    "question": "...", "answers": [{"id": "A1", "text": "..."}], "criteria": ["..."],
//    "schema": {...}}
//   -> {"scores": {"A1": [17, 12, ...], ...}}            one number from 0 to 20 a criterion, in
//      their order, or {"A1": {"criterion": 17, ...}}; or {"text": "..."} with a model's own reply
//
// "messages" of a judge hold the whole prompt, for programs that only forward them to a model;
// "answers" are the same texts, without authors and in the order shown. Either kind may reply
// {"error": "..."}. An exit status other than 0 is a failure; the end of standard error tells why.
#pragma once

#include <string>
#include <string_view>

#include "node/llm/backend.h"

namespace decentd::llm {

std::string ExecRequest(const ModelCall& call);

// `model` is reported where the program names none.
CallResult ParseExecReply(std::string_view output, const ModelCall& call, const std::string& model);

}  // namespace decentd::llm
