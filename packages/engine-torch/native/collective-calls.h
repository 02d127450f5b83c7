// The functions of an engine that let it compute with other processes, as JavaScript calls them.
#pragma once

#include <sstream>

#include "collective.h"
#include "napi.h"

namespace umt {

// openStore(host, port, 1 where this process serves it, prefix, timeout in seconds)
template <typename C>
napi_value open_store(C& call) {
  call.state->collective.open_store(call.text(0), static_cast<int>(call.number(1)), call.number(2) != 0, call.text(3),
                                    call.number(4));
  return nullptr;
}

// storeSet(key, value)
template <typename C>
napi_value store_set(C& call) {
  call.state->collective.set(call.text(0), call.text(1));
  return nullptr;
}

// storeGet(key) -> the value, empty while there is none
template <typename C>
napi_value store_get(C& call) {
  return make_text(call.env, call.state->collective.get(call.text(0)));
}

// listenForRanks(world size) -> port
template <typename C>
napi_value listen_for_ranks(C& call) {
  return make_number(call.env, call.state->collective.listen(static_cast<int>(call.number(0))));
}

// newNcclId() -> text
template <typename C>
napi_value new_nccl_id(C& call) {
  return make_text(call.env, Collective::new_nccl_id());
}

// hasGloo() -> boolean
template <typename C>
napi_value has_gloo(C& call) {
  napi_value value;
  check(call.env, napi_get_boolean(call.env, Collective::has_gloo(), &value));
  return value;
}

// joinRanks(rank, "host port" of each rank in a line of its own, token, device, NCCL's id or nothing, 1 for the ring)
// -> number of a job
template <typename C>
napi_value join_ranks(C& call) {
  std::vector<std::string> addresses;
  std::istringstream lines(call.text(1));
  for (std::string line; std::getline(lines, line);) addresses.push_back(line);
  const double device = call.number(3);
  const c10::Device place =
      device == 0 ? c10::Device(c10::kCPU) : c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(device - 1));
  return make_number(call.env, call.state->collective.join(static_cast<int>(call.number(0)), addresses, call.text(2),
                                                           place, call.text(4), call.number(5) != 0));
}

// startSum(): the number of slots and the slots in the arguments -> number of a job
template <typename C>
napi_value start_sum(C& call) {
  const double* p = call.state->arguments;
  std::vector<at::Tensor> tensors(static_cast<size_t>(*p));
  for (at::Tensor& tensor : tensors) tensor = call.state->slots.get(*++p);
  return make_number(call.env, call.state->collective.start_sum(tensors));
}

// startGather(slot, world size) -> number of a job
template <typename C>
napi_value start_gather(C& call) {
  return make_number(call.env, call.state->collective.start_gather(call.state->slots.get(call.number(0)),
                                                                   static_cast<int>(call.number(1))));
}

// isJobDone(number) -> boolean
template <typename C>
napi_value is_job_done(C& call) {
  napi_value value;
  check(call.env, napi_get_boolean(call.env, call.state->collective.is_done(static_cast<int>(call.number(0))), &value));
  return value;
}

// finishJob(number): waits; its tensors stand in the results
template <typename C>
napi_value finish_job(C& call) {
  auto out = call.state->writer();
  for (at::Tensor& tensor : call.state->collective.finish(static_cast<int>(call.number(0)))) out.tensor(std::move(tensor));
  call.state->report_memory();
  return nullptr;
}

// lostRank() -> the rank that was lost, -1 for none
template <typename C>
napi_value lost_rank(C& call) {
  return make_number(call.env, call.state->collective.lost());
}

// partFromRanks(1 to say goodbye first)
template <typename C>
napi_value part_from_ranks(C& call) {
  if (call.number(0) != 0) call.state->collective.say_goodbye();
  call.state->collective.close();
  return nullptr;
}

}  // namespace umt
