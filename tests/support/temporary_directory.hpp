// A directory that is gone at the end of its scope.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace gantry::test {

// memory: where there is such a place, for thousands of flushes that need no disk.
enum class Place { disk, memory };

class TemporaryDirectory {
public:
    explicit TemporaryDirectory(Place place = Place::disk) {
        const std::filesystem::path shared_memory = "/dev/shm";
        const bool in_memory = place == Place::memory && std::filesystem::exists(shared_memory);
        const auto parent = in_memory ? shared_memory : std::filesystem::temp_directory_path();
        std::string pattern = (parent / "gantry-XXXXXX").string();
        if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp failed");
        path_ = pattern;
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace gantry::test
