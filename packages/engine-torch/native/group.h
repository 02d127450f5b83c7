// The ranks of a run as one of them sees them: sums and gathers that go on beside the thread that asks for them.
#pragma once

#include <c10/core/InferenceMode.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "napi.h"
#include "transport.h"
#include "watch.h"

namespace umt {

/** A sum, a gather, or the first meeting, to be done by the group's thread. */
struct Job {
  enum class Kind { kConnect, kSum, kGather } kind = Kind::kConnect;
  /** Sum: the flat tensor, in place. Gather: [ranks, bytes]. */
  at::Tensor result;
  /** Gather: this rank's bytes. */
  at::Tensor own;
  std::unique_ptr<Transport::Mark> ready;
  std::unique_ptr<Transport::Mark> finished;
  bool isDone = false;
  std::string error;
};

class Group {
 public:
  Group(std::unique_ptr<Transport> transport, int rank, std::vector<Socket> peers) : shared_(std::make_shared<Shared>()) {
    shared_->transport = std::move(transport);
    watch_ = std::make_unique<Watch>(rank, std::move(peers), [shared = shared_](int lost) { lose(*shared, lost); });
    // it may be stuck with a rank that is gone, and then outlives the group
    std::thread([shared = shared_] { work(*shared); }).detach();
  }

  ~Group() {
    watch_.reset();
    shared_->transport->abort();
    std::unique_lock<std::mutex> lock(shared_->mutex);
    shared_->isEnding = true;
    shared_->changed.notify_all();
    shared_->changed.wait_for(lock, std::chrono::seconds(1), [&] { return shared_->hasEnded; });
  }

  std::shared_ptr<Job> start(Job::Kind kind, at::Tensor result, at::Tensor own) {
    expect_all();
    auto job = std::make_shared<Job>();
    job->kind = kind;
    job->result = std::move(result);
    job->own = std::move(own);
    if (kind != Job::Kind::kConnect) job->ready = shared_->transport->mark();
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->jobs.push_back(job);
    shared_->changed.notify_all();
    return job;
  }

  /** Whether a job is done, on its device too. Throws when it failed or a rank was lost. */
  bool is_done(Job& job) {
    {
      const std::lock_guard<std::mutex> lock(shared_->mutex);
      if (!job.isDone && shared_->lost < 0) return false;
    }
    wait(job);
    return !job.finished || shared_->transport->has_passed(job.finished.get());
  }

  /** Waits until the group's thread is done with a job; what is then queued on its device comes after the result. */
  void wait(Job& job) {
    std::unique_lock<std::mutex> lock(shared_->mutex);
    shared_->changed.wait(lock, [&] { return job.isDone || shared_->lost >= 0; });
    if (!job.error.empty()) {
      // a broken connection is felt before word comes of who is gone
      shared_->changed.wait_for(lock, std::chrono::seconds(3), [&] { return shared_->lost >= 0; });
    }
    TORCH_CHECK(shared_->lost < 0, "rank ", shared_->lost, " was lost");
    TORCH_CHECK(job.error.empty(), job.error);
    lock.unlock();
    if (job.finished) shared_->transport->follow(job.finished.get());
  }

  /** The rank that was lost; -1 for none. */
  int lost() const {
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    return shared_->lost;
  }

  void say_goodbye() { watch_->say_goodbye(); }

 private:
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::shared_ptr<Job>> jobs;
    std::unique_ptr<Transport> transport;
    int lost = -1;
    bool isEnding = false;
    bool hasEnded = false;
  };

  static void lose(Shared& shared, int lost) {
    {
      const std::lock_guard<std::mutex> lock(shared.mutex);
      shared.lost = lost;
    }
    shared.changed.notify_all();
    shared.transport->abort();
  }

  static void work(Shared& shared) {
    std::unique_lock<std::mutex> lock(shared.mutex);
    while (true) {
      shared.changed.wait(lock, [&] { return shared.isEnding || !shared.jobs.empty(); });
      if (shared.isEnding) break;
      const std::shared_ptr<Job> job = shared.jobs.front();
      shared.jobs.pop_front();
      lock.unlock();
      std::string error;
      try {
        run(*shared.transport, *job);
      } catch (const c10::Error& caught) {
        error = first_line(caught.what_without_backtrace());
      } catch (const std::exception& caught) {
        error = first_line(caught.what());
      }
      lock.lock();
      job->error = error;
      job->isDone = true;
      shared.changed.notify_all();
    }
    shared.hasEnded = true;
    shared.changed.notify_all();
  }

  static void run(Transport& transport, Job& job) {
    if (job.kind == Job::Kind::kConnect) return transport.connect();
    if (job.kind == Job::Kind::kSum) transport.sum(job.result, job.ready.get());
    else transport.gather(job.result, job.own, job.ready.get());
    job.finished = transport.finished();
  }

  void expect_all() const {
    const int rank = lost();
    TORCH_CHECK(rank < 0, "rank ", rank, " was lost");
  }

  std::shared_ptr<Shared> shared_;
  std::unique_ptr<Watch> watch_;
};

}  // namespace umt
