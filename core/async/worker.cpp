#include "core/async/worker.hpp"

#include <pthread.h>

namespace gantry {

Worker::Worker(std::string name, std::size_t threads, std::size_t max_waiting)
    : name_(std::move(name)), max_waiting_(max_waiting), pool_(threads) {
    const std::string label = name_.substr(0, 15);  // the kernel's limit
    for (std::size_t i = 0; i < threads; ++i) {
        boost::asio::post(pool_, [label] { pthread_setname_np(pthread_self(), label.c_str()); });
    }
}

Worker::~Worker() { join(); }

void Worker::join() { pool_.join(); }

}  // namespace gantry
