#include "core/http/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>

namespace gantry::http {
namespace {

constexpr int k_gzip_window = 15 + 16;  // zlib: 32 KiB window, gzip wrapper only
constexpr std::size_t k_first_output = 16 * 1024;

Bytef* bytes_of(const char* text) {
    return reinterpret_cast<Bytef*>(const_cast<char*>(text));  // zlib's input is not const
}

}  // namespace

struct Inflater::State {
    z_stream stream{};
};

Inflater::Inflater() : state_(std::make_unique<State>()) {
    if (inflateInit2(&state_->stream, k_gzip_window) != Z_OK) std::abort();  // out of memory
}

Inflater::~Inflater() { inflateEnd(&state_->stream); }

Result<std::string> Inflater::inflate(std::string_view packed, std::size_t max_bytes) {
    z_stream& stream = state_->stream;
    inflateReset(&stream);
    stream.next_in = bytes_of(packed.data());
    stream.avail_in = static_cast<uInt>(packed.size());
    std::string out;
    std::size_t used = 0;
    while (true) {
        if (used == out.size()) {
            // One byte past the bound is asked for, so that a body of exactly max_bytes passes.
            const std::size_t want = std::max(k_first_output, out.size() * 2);
            out.resize(std::min(want, max_bytes + 1));
        }
        stream.next_out = bytes_of(out.data() + used);
        stream.avail_out = static_cast<uInt>(out.size() - used);
        const int status = ::inflate(&stream, Z_NO_FLUSH);
        used = out.size() - stream.avail_out;
        if (used > max_bytes) {
            return fail(ErrorCode::limit, "the body is larger than " + std::to_string(max_bytes) +
                                              " bytes once inflated");
        }
        if (status == Z_STREAM_END) {
            if (stream.avail_in == 0) break;
            inflateReset(&stream);  // the next member
            continue;
        }
        const bool wants_room = status == Z_BUF_ERROR && stream.avail_out == 0;
        if (status != Z_OK && !wants_room) {
            return fail(ErrorCode::corrupt, stream.avail_in == 0 && status == Z_BUF_ERROR
                                                ? "the gzip body is cut"
                                                : "the body is no valid gzip");
        }
    }
    out.resize(used);
    return out;
}

std::string gzip(std::string_view plain) {
    z_stream stream{};
    constexpr int memory_level = 8;
    if (deflateInit2(&stream, 1, Z_DEFLATED, k_gzip_window, memory_level, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        std::abort();  // out of memory
    }
    std::string out(deflateBound(&stream, static_cast<uLong>(plain.size())), '\0');
    stream.next_in = bytes_of(plain.data());
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = bytes_of(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int status = deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    if (status != Z_STREAM_END) std::abort();  // deflateBound promised room
    return out;
}

}  // namespace gantry::http
