#include "itsm/cmdb/canonical.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "core/base/text.hpp"

namespace gantry::itsm {
namespace {

using namespace std::string_view_literals;

// Upper case, as canonical_text compares them. Three are the tags of each machine of Amazon's,
// Oracle's and Microsoft's clouds.
constexpr std::array k_placeholders{"N/A"sv,
                                    "NA"sv,
                                    "NONE"sv,
                                    "NULL"sv,
                                    "(NULL STRING)"sv,
                                    "(NONE)"sv,
                                    "NIL"sv,
                                    "UNKNOWN"sv,
                                    "UNKNOW"sv,
                                    "INVALID"sv,
                                    "DEFAULT"sv,
                                    "DEFAULT STRING"sv,
                                    "DEFAULTSTRING"sv,
                                    "EMPTY"sv,
                                    "NOT SPECIFIED"sv,
                                    "NOT PRESENT"sv,
                                    "NOT AVAILABLE"sv,
                                    "NOT INSTALLED"sv,
                                    "NOT APPLICABLE"sv,
                                    "NOT SETTABLE"sv,
                                    "NO ASSET TAG"sv,
                                    "NO ASSET INFORMATION"sv,
                                    "ASSET TAG"sv,
                                    "ASSETTAG"sv,
                                    "ASSET-1234567890"sv,
                                    "NO SERIAL"sv,
                                    "NO SERIAL NUMBER"sv,
                                    "SERIAL"sv,
                                    "SERIAL NUMBER"sv,
                                    "SERNUM"sv,
                                    "SYSTEM SERIAL NUMBER"sv,
                                    "SYSTEM SERIAL"sv,
                                    "SYSTEM PRODUCT NAME"sv,
                                    "SYSTEM MANUFACTURER"sv,
                                    "SYSTEM VERSION"sv,
                                    "SYSTEMSERIALNUMBER"sv,
                                    "SYS-1234567890"sv,
                                    "CHASSIS SERIAL NUMBER"sv,
                                    "CHASSIS SERIAL"sv,
                                    "CHASSIS MANUFACTURER"sv,
                                    "CHASSIS VERSION"sv,
                                    "BASE BOARD SERIAL NUMBER"sv,
                                    "BASEBOARD SERIAL NUMBER"sv,
                                    "BOARD SERIAL NUMBER"sv,
                                    "MB-1234567890"sv,
                                    "SN-12345"sv,
                                    "EVAL"sv,
                                    "IATPASS"sv,
                                    "TBD"sv,
                                    "TBD BY OEM"sv,
                                    "OEM"sv,
                                    "O.E.M."sv,
                                    "TO BE FILLED BY O.E.M."sv,
                                    "TO BE FILLED BY O.E.M"sv,
                                    "TO BE FILLED BY OEM"sv,
                                    "TOBEFILLEDBYO.E.M."sv,
                                    "FILL BY OEM"sv,
                                    "FILLED BY OEM"sv,
                                    "<BAD INDEX>"sv,
                                    "<OUT OF SPEC>"sv,
                                    "BAD INDEX"sv,
                                    "OUT OF SPEC"sv,
                                    "UNDEFINED"sv,
                                    "UNSPECIFIED"sv,
                                    "NOT DEFINED"sv,
                                    "RESERVED"sv,
                                    "AMAZON EC2"sv,
                                    "ORACLECLOUD.COM"sv,
                                    "7783-7084-3265-9085-8269-3286-77"sv,
                                    "TEST"sv,
                                    "VIRTUAL"sv,
                                    "QEMU"sv,
                                    "VMWARE"sv,
                                    "0123456789"sv,
                                    "01234567890"sv,
                                    "1234567890"sv,
                                    "123456789"sv,
                                    "12345678"sv,
                                    "1234567"sv,
                                    "123456"sv,
                                    "12345"sv,
                                    "1234"sv,
                                    "0123456789ABCDEF"sv,
                                    "123456789ABCDEF"sv,
                                    "987654321"sv,
                                    "123-1234-123"sv,
                                    "ABCDEFGHIJ"sv,
                                    "ABCDEFG"sv};

// 32 hex digits, lower case, as written (not yet turned to the smaller byte order).
constexpr std::array k_shared_uuids{"03000200040005000006000700080009"sv,
                                    "03020100050407060809"
                                    "0a0b0c0d0e0f"sv,
                                    "10000000000080000040000000000000"sv,
                                    "00010203040506070809"
                                    "0a0b0c0d0e0f"sv,
                                    "03d40274043505dc8506010700080009"sv,
                                    "12345678123456789012345678901234"sv,
                                    "12345678123456781234567812345678"sv,
                                    "01234567890123456789012345678901"sv,
                                    "deadbeefdeadbeefdeadbeefdeadbeef"sv,
                                    "0123456789abcdef0123456789abcdef"sv,
                                    "00020003000400050006000700080009"sv,
                                    "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"sv,
                                    "4c4c4544000020108020"
                                    "80c04f202020"sv};  // a Dell whose service tag is blank

// Vendor prefixes of hypervisors: their "hardware" addresses are made up and get cloned.
constexpr std::array k_virtual_ouis{"000569"sv, "000c29"sv, "001c14"sv,    "005056"sv,
                                    "00155d"sv, "00163e"sv, "080027"sv,    "0a0027"sv,
                                    "001c42"sv, "525400"sv, "00e04c0000"sv};

constexpr std::array k_host_names{
    "localhost"sv, "localhost.localdomain"sv, "localhost4"sv, "localhost6"sv, "debian"sv,
    "ubuntu"sv,    "raspberrypi"sv,           "(none)"sv,     "unknown"sv,    "host"sv};

constexpr std::array k_containers{
    "container"sv,       "docker"sv,     "podman"sv,     "lxc"sv,  "lxc-libvirt"sv,
    "systemd-nspawn"sv,  "openvz"sv,     "rkt"sv,        "wsl"sv,  "proot"sv,
    "container-other"sv, "containerd"sv, "kubernetes"sv, "pouch"sv};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

// "0000", "XXXXXXXX", "FFFF", "........": one sign over and over carries no identity.
bool is_one_sign(std::string_view text) {
    return text.find_first_not_of(text.front()) == std::string_view::npos;
}

// Letters and digits only, lower case: what is left of a UUID, a MAC, a machine-id.
std::string hex_digits(std::string_view text, bool& clean) {
    std::string out;
    clean = true;
    for (const char c : trim(text)) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isxdigit(byte) != 0) {
            out += static_cast<char>(std::tolower(byte));
        } else if (c != '-' && c != ':' && c != '.' && c != '{' && c != '}') {
            clean = false;
        }
    }
    return out;
}

// SMBIOS writes the first three fields little-endian since 2.6 (DSP0134, 7.2.1); many tools and
// hypervisors do not, so the same machine appears in two byte orders (glpi-agent #839).
std::string swapped(const std::string& hex) {
    const auto byte = [&](std::size_t i) { return hex.substr(2 * i, 2); };
    std::string out = byte(3) + byte(2) + byte(1) + byte(0) + byte(5) + byte(4) + byte(7) + byte(6);
    return out + hex.substr(16);
}

std::string dashed(const std::string& hex) {
    return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
           hex.substr(16, 4) + "-" + hex.substr(20);
}

// FEFEFEFE..., 20202020...: a byte repeated.
bool is_one_byte(const std::string& hex) {
    for (std::size_t i = 2; i < hex.size(); i += 2) {
        if (hex.compare(i, 2, hex, 0, 2) != 0) return false;
    }
    return true;
}

// A serial means something only together with who gave it.
std::string with_maker(const Facts& facts, const std::string& serial) {
    if (serial.empty()) return {};
    return canonical_text(facts.manufacturer) + "|" + serial;
}

std::vector<std::string> canonical_macs(const std::vector<std::string>& macs) {
    std::vector<std::string> out;
    for (const std::string& mac : macs) {
        if (std::string canonical = canonical_mac(mac); !canonical.empty()) {
            out.push_back(std::move(canonical));
        }
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

}  // namespace

std::string canonical_text(std::string_view text) {
    std::string out;
    for (const char c : trim(text)) {
        const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0';
        if (space && (out.empty() || out.back() == ' ')) continue;
        out += space ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    if (out.size() < 2 || out.size() > 255) return {};
    if (is_one_sign(out) || contains(k_placeholders, out)) return {};
    return out;
}

std::string canonical_uuid(std::string_view text) {
    bool clean = false;
    const std::string hex = hex_digits(text, clean);
    if (!clean || hex.size() != 32 || is_one_byte(hex)) return {};
    const std::string other = swapped(hex);
    if (contains(k_shared_uuids, hex) || contains(k_shared_uuids, other)) return {};
    return dashed(std::min(hex, other));
}

std::string canonical_mac(std::string_view text) {
    bool clean = false;
    const std::string hex = hex_digits(text, clean);
    if (!clean || hex.size() != 12 || is_one_byte(hex)) return {};
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    const int second = digit(hex[1]);
    const bool group = (second & 1) != 0;
    const bool locally_administered = (second & 2) != 0;
    if (group || locally_administered) return {};
    for (const std::string_view oui : k_virtual_ouis) {
        if (hex.starts_with(oui)) return {};
    }
    std::string out = hex.substr(0, 2);
    for (std::size_t i = 2; i < 12; i += 2) out += ":" + hex.substr(i, 2);
    return out;
}

std::string canonical_machine_id(std::string_view text) {
    bool clean = false;
    const std::string hex = hex_digits(text, clean);
    if (!clean || hex.size() != 32 || is_one_byte(hex)) return {};
    return hex;
}

std::string canonical_host_name(std::string_view text) {
    std::string name = to_lower_ascii(trim(text));
    while (!name.empty() && name.back() == '.') name.pop_back();
    if (name.empty() || name.size() > 253 || contains(k_host_names, name)) return {};
    return name;
}

bool is_container(std::string_view virtualisation) {
    return contains(k_containers, to_lower_ascii(trim(virtualisation)));
}

CanonicalFacts canonicalise(const Facts& facts) {
    CanonicalFacts out;
    out.host_name = canonical_host_name(facts.fqdn);
    if (out.host_name.empty()) out.host_name = canonical_host_name(facts.hostname);
    out.container = is_container(facts.virtualisation);
    out.virtual_machine = !out.container && !trim(facts.virtualisation).empty() &&
                          to_lower_ascii(trim(facts.virtualisation)) != "none";
    // A container reads its host's DMI, disks and often its machine-id (GLPI #9741, fleet #8021):
    // they are the host's identity, not its own.
    if (out.container) return out;
    out.asset_tag = canonical_text(facts.asset_tag);
    const std::string instance = canonical_text(facts.cloud_instance_id);
    const std::string provider = to_lower_ascii(trim(facts.cloud_provider));
    if (!instance.empty() && !provider.empty()) {
        out.cloud_instance = provider + "/" + to_lower_ascii(instance);
    }
    out.serial = with_maker(facts, canonical_text(facts.serial));
    out.smbios_uuid = canonical_uuid(facts.smbios_uuid);
    out.baseboard_serial = with_maker(facts, canonical_text(facts.baseboard_serial));
    out.machine_id = canonical_machine_id(facts.machine_id);
    out.root_disk_serial = canonical_text(facts.root_disk_serial);
    out.macs = canonical_macs(facts.macs);
    return out;
}

}  // namespace gantry::itsm
