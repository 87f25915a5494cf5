/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/node.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "sys/file.h"

#define TEXT_LIMIT ((size_t)64 * 1024)

static struct str unquote(struct str s)
{
    s = str_trim(s);
    if (s.len >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.len - 1] == s.p[0])
        return str_slice(s, 1, s.len - 2);
    return s;
}

void node_parse_os_release(struct arena *a, struct str text, struct str *ret_name,
                           struct str *ret_version)
{
    struct str line, key, value;

    *ret_name = S("Linux");
    *ret_version = S("");
    while (str_next(&text, '\n', &line)) {
        if (!str_cut(line, '=', &key, &value))
            continue;
        if (str_eq(str_trim(key), S("NAME")))
            *ret_name = arena_dup(a, unquote(value));
        else if (str_eq(str_trim(key), S("VERSION_ID")))
            *ret_version = arena_dup(a, unquote(value));
    }
}

static struct str address_text(struct arena *a, const struct sockaddr *address)
{
    char text[INET6_ADDRSTRLEN] = "";

    if (address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, text,
                  sizeof(text));
    else
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, text,
                  sizeof(text));
    return arena_dup(a, str_of(text));
}

/* The first IPv4 address that is not loopback, else such an IPv6 address, else loopback: the
 * member may not be empty. */
static struct str find_address(struct arena *a)
{
    struct ifaddrs *list;
    struct str v4 = { 0 }, v6 = { 0 };

    if (getifaddrs(&list) != 0)
        return S("127.0.0.1");
    for (struct ifaddrs *i = list; i; i = i->ifa_next) {
        if (!i->ifa_addr || !(i->ifa_flags & IFF_UP) || (i->ifa_flags & IFF_LOOPBACK))
            continue;
        if (i->ifa_addr->sa_family == AF_INET && !str_is_set(v4))
            v4 = address_text(a, i->ifa_addr);
        if (i->ifa_addr->sa_family == AF_INET6 && !str_is_set(v6) &&
            !IN6_IS_ADDR_LINKLOCAL(
                &((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr))
            v6 = address_text(a, i->ifa_addr);
    }
    freeifaddrs(list);
    return str_is_set(v4) ? v4 : str_is_set(v6) ? v6 : S("127.0.0.1");
}

int node_describe(struct arena *a, struct str instance_id, struct value **ret)
{
    struct value *v = value_map(a);
    struct utsname uts;
    struct str text, name = S("Linux"), version = S("");

    int read = file_read(a, "/etc/os-release", TEXT_LIMIT, &text);
    if (read == 0)
        node_parse_os_release(a, text, &name, &version);
    else if (read < 0)
        return err_forward(read, __func__, __FILE__, __LINE__);
    if (uname(&uts) != 0)
        return FAULT(errno);

    value_set_str(a, v, S("InstanceId"), instance_id);
    value_set_str(a, v, S("AgentName"), S("patchbay-agent"));
    value_set_str(a, v, S("AgentStatus"), S("Active"));
    value_set_str(a, v, S("AgentVersion"), S(PATCHBAY_VERSION));
    value_set_str(a, v, S("AvailabilityZone"), S(""));
    value_set_str(a, v, S("AvailabilityZoneId"), S(""));
    value_set_str(a, v, S("ComputerName"), arena_dup(a, str_of(uts.nodename)));
    value_set_str(a, v, S("IPAddress"), find_address(a));
    value_set_str(a, v, S("PlatformName"), name);
    value_set_str(a, v, S("PlatformType"), S("Linux"));
    value_set_str(a, v, S("PlatformVersion"), version);
    value_set_str(a, v, S("SSMConnectionChannel"), S("ec2messages"));
    *ret = v;
    return 0;
}

/* --- facts ---------------------------------------------------------------- */

static struct str read_line(struct arena *a, const char *path)
{
    struct str text;

    return file_read(a, path, TEXT_LIMIT, &text) == 0 ? str_trim(text) : (struct str){ 0 };
}

static struct str find_mac(struct arena *a)
{
    static const unsigned char none[6];
    struct ifaddrs *list;
    struct str mac = { 0 };

    if (getifaddrs(&list) != 0)
        return mac;
    for (struct ifaddrs *i = list; i && !str_is_set(mac); i = i->ifa_next) {
        if (!i->ifa_addr || i->ifa_addr->sa_family != AF_PACKET || (i->ifa_flags & IFF_LOOPBACK))
            continue;
        const struct sockaddr_ll *link = (const struct sockaddr_ll *)(const void *)i->ifa_addr;
        if (link->sll_halen == 6 && memcmp(link->sll_addr, none, 6) != 0)
            mac = hex_encode(a, (struct str){ (const char *)link->sll_addr, 6 });
    }
    freeifaddrs(list);
    return mac;
}

static int is_file_name(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Of the names that the file systems' ids have, in order. */
static struct str digest_disks(struct arena *a)
{
    struct dirent **entries;
    struct buf names = buf_in(a);
    int count = scandir("/dev/disk/by-uuid", &entries, is_file_name, alphasort);

    for (int i = 0; i < count; i++) {
        buf_fmt(&names, "%s\n", entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return count > 0 ? sha256_hex(a, buf_str(&names)) : (struct str){ 0 };
}

struct host_facts node_facts(struct arena *a, const char *machine_id_file)
{
    struct host_facts facts = { 0 };
    struct str address = find_address(a);
    struct utsname uts;

    facts.values[HOST_MACHINE_ID] = read_line(a, machine_id_file);
    if (!str_starts(address, S("127.")))
        facts.values[HOST_ADDRESS] = address;
    if (uname(&uts) == 0)
        facts.values[HOST_NAME] = arena_dup(a, str_of(uts.nodename));
    facts.values[HOST_MAC] = find_mac(a);
    facts.values[HOST_PRODUCT] = read_line(a, "/sys/class/dmi/id/product_uuid");
    facts.values[HOST_BIOS] = read_line(a, "/sys/class/dmi/id/bios_version");
    facts.values[HOST_DISKS] = digest_disks(a);
    return facts;
}

int node_boot_id(struct arena *a, const char *path, struct str *ret)
{
    struct str text;

    int read = file_read(a, path, TEXT_LIMIT, &text);
    if (read == FILE_ABSENT)
        return err_fault(ENOENT, "there is no %s to tell boots apart", path);
    TRY(read);
    *ret = str_trim(text);
    if (str_is_empty(*ret) || ret->len > 128)
        return err_fault(EINVAL, "%s holds no boot id", path);
    return 0;
}
