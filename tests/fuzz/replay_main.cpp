// Runs a fuzzer's body over a corpus directory, and over seeded mutations of each file: what a
// build without libFuzzer can do in a second.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "core/base/random.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

constexpr int k_mutations_per_file = 2'000;

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void run(const std::string& input) {
    // A copy of exactly this size, so that a sanitizer sees a read behind its end.
    const std::vector<std::uint8_t> bytes(input.begin(), input.end());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

// Flips, cuts, repeats or inserts something; bytes that matter to parsers are more likely.
std::string mutate(std::string text, gantry::RandomSource& random) {
    static constexpr std::string_view k_special{"\"\\{}[]:,.-+#&*!|>%@`\n\t\0\xFF\xC3 09eE"};
    for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
        const std::size_t at = random.below(text.size() + 1);
        switch (random.below(4)) {
            case 0: text.insert(at, 1, k_special[random.below(k_special.size())]); break;
            case 1: text.erase(at, random.below(16)); break;
            case 2: text.insert(at, text.substr(random.below(text.size() + 1), 32)); break;
            default:
                if (at < text.size()) text[at] = static_cast<char>(random.below(256));
        }
    }
    return text;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2 || !std::filesystem::is_directory(argv[1])) return 2;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(argv[1])) files.push_back(entry);
    std::sort(files.begin(), files.end());
    gantry::SeededRandom random(42);
    for (const auto& file : files) {
        const std::string input = read(file);
        run(input);
        for (int i = 0; i < k_mutations_per_file; ++i) run(mutate(input, random));
    }
    std::printf("%zu files, %d mutations each\n", files.size(), k_mutations_per_file);
    return files.empty() ? 2 : 0;
}
