/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module for Debian-family hosts, and the only C++ in the tree: it agrees with
 * apt on sources, pins, holds and phasing because it asks apt. It keeps a package
 * cache of its own, so that it never invalidates the one apt uses; where that one is
 * newer than all it was made from, it begins with it instead of making another.
 */
#include "patch/module.h"

#include <apt-pkg/cachefile.h>
#include <apt-pkg/configuration.h>
#include <apt-pkg/depcache.h>
#include <apt-pkg/error.h>
#include <apt-pkg/fileutl.h>
#include <apt-pkg/init.h>
#include <apt-pkg/metaindex.h>
#include <apt-pkg/pkgcache.h>
#include <apt-pkg/pkgsystem.h>
#include <apt-pkg/pkgrecords.h>
#include <apt-pkg/policy.h>
#include <apt-pkg/sourcelist.h>
#include <apt-pkg/strutl.h>
#include <apt-pkg/tagfile.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

namespace
{

using VerIterator = pkgCache::VerIterator;
using PkgIterator = pkgCache::PkgIterator;

/* A package as dpkg's journal has it. */
struct dpkg_record {
    std::string version, status;
};

/* What one scan asks of every version. */
struct scanner {
    const module_request *request;
    pkgPolicy *policy;
    pkgRecords *records;        /* only where updates are phased */
    std::string security_suite; /* "bookworm-security" */
    std::string machine;
    bool phasing;
    std::string installed_origin, candidate_origin;
    std::map<std::string, dpkg_record> journal; /* by "name:arch" */
};

const char *text(const char *s)
{
    return s ? s : "";
}

bool is(const char *s, const std::string &other)
{
    return other == text(s);
}

/* "Debian: label Debian-Security, for the codename. Ubuntu: archive is
 * <codename>-security, origin Ubuntu." A source that names no suite at all can
 * be a local mirror of either; its label has to do. */
bool is_security(const scanner &s, const pkgCache::PkgFileIterator &file)
{
    bool suite = is(file.Archive(), s.security_suite) || is(file.Codename(), s.security_suite);

    if (strcmp(s.request->id, "ubuntu") == 0)
        return suite && is(file.Origin(), "Ubuntu");
    if (suite && (is(file.Origin(), "Debian") || is(file.Origin(), "Raspbian")))
        return true;
    if (!is(file.Label(), "Debian-Security") && !is(file.Label(), "Raspbian-Security"))
        return false;
    return suite || *text(file.Codename()) == '\0' || is(file.Codename(), s.request->codename) ||
           is(file.Archive(), s.request->codename);
}

std::string origin_of(const pkgCache::PkgFileIterator &file)
{
    const char *from = *text(file.Label()) ? file.Label() : text(file.Origin());
    const char *suite = *text(file.Codename()) ? file.Codename() : text(file.Archive());
    std::string out = *from ? from : text(file.Site());

    return *suite ? out + " " + suite : out;
}

/* Of the sources that have this very version a security source counts first. */
void look_at_sources(const scanner &s, const VerIterator &ver, module_version *out,
                     std::string *origin)
{
    origin->clear();
    for (auto use = ver.FileList(); !use.end(); ++use) {
        auto file = use.File();

        if ((file->Flags & pkgCache::Flag::NotSource) != 0)
            continue;
        bool security = is_security(s, file);
        if (origin->empty() || (security && !out->security))
            *origin = origin_of(file);
        out->security = out->security || security;
    }
    out->origin = origin->c_str();
}

module_version describe(const scanner &s, const VerIterator &ver, std::string *origin)
{
    module_version out = {};
    static const char *const priorities[] = { "optional", "required", "important",
                                              "standard", "optional", "extra" };

    out.version = ver.VerStr();
    out.arch = ver.Arch();
    out.section = text(ver.Section());
    out.priority = ver->Priority < 6 ? priorities[ver->Priority] : "optional";
    look_at_sources(s, ver, &out, origin);
    return out;
}

/* The percentage is not in libapt's public cache, so its record is read. */
unsigned phase_of(pkgRecords *records, const VerIterator &ver)
{
    for (auto use = ver.FileList(); !use.end(); ++use) {
        if ((use.File()->Flags & pkgCache::Flag::NotSource) != 0)
            continue;
        std::string field = records->Lookup(use).RecordField("Phased-Update-Percentage");
        if (!field.empty())
            return static_cast<unsigned>(strtoul(field.c_str(), nullptr, 10));
    }
    return 100;
}

/* What update-manager is told counts for apt too. */
bool phase_option(const std::string &name)
{
    return _config->FindB("APT::Get::" + name, _config->FindB("Update-Manager::" + name, false));
}

/* Whether the way from the installed version to this one leads over a security update: who
 * is below it does not wait. Versions are sorted, the newest first. */
bool passes_security(const VerIterator &current, const VerIterator &ver)
{
    auto between = ver;

    for (++between; !between.end() && between != current; ++between)
        for (auto use = between.FileList(); !use.end(); ++use) {
            std::string suite = text(use.File().Archive());
            if (suite.size() > 9 && suite.compare(suite.size() - 9, 9, "-security") == 0)
                return true;
        }
    return false;
}

/* Ubuntu hides a phased update from a host until the phase covers it. Which hosts
 * those are is a dice roll that apt seeds with source, version and machine id, so
 * the same seed has to give the same roll here. Security updates never wait. */
bool is_phased_out(const scanner &s, const VerIterator &current, const VerIterator &ver,
                   const module_version &described)
{
    if (!s.phasing || described.security || passes_security(current, ver))
        return false;
    unsigned phase = phase_of(s.records, ver);
    if (phase >= 100)
        return false;
    if (phase_option("Never-Include-Phased-Updates"))
        return true;
    std::string words =
        std::string(ver.SourcePkgName()) + "-" + ver.SourceVerStr() + "-" + s.machine;
    std::seed_seq seed(words.begin(), words.end());
    std::minstd_rand generator(seed);
    std::uniform_int_distribution<unsigned int> percent(0, 100);
    return percent(generator) > phase;
}

bool is_broken(const PkgIterator &pkg)
{
    return pkg->CurrentState == pkgCache::State::HalfConfigured ||
           pkg->CurrentState == pkgCache::State::HalfInstalled ||
           pkg->CurrentState == pkgCache::State::UnPacked ||
           pkg->InstState == pkgCache::State::ReInstReq ||
           pkg->InstState == pkgCache::State::HoldReInstReq;
}

bool is_offered(const VerIterator &ver)
{
    for (auto use = ver.FileList(); !use.end(); ++use)
        if ((use.File()->Flags & pkgCache::Flag::NotSource) == 0)
            return true;
    return false;
}

/* Versions are sorted, the newest first. */
const char *find_hidden(const PkgIterator &pkg, const VerIterator &best)
{
    auto newest = pkg.VersionList();

    while (!newest.end() && !is_offered(newest))
        ++newest;
    if (newest.end() || newest == best || newest.CompareVer(best) <= 0)
        return nullptr;
    return newest.VerStr();
}

/* dpkg writes its status file anew at times only; what it did since then is in a folder of
 * small files beside it. A dpkg that was cut off leaves them there, and libapt does not
 * look: the status file alone would tell of the time before. */
void read_journal(const std::string &root, std::map<std::string, dpkg_record> *journal)
{
    std::string folder = root + "/var/lib/dpkg/updates/",
                native = _config->Find("APT::Architecture");
    std::set<std::string> names;
    struct dirent *entry;
    DIR *dir = opendir(folder.c_str());

    while (dir && (entry = readdir(dir)) != nullptr)
        if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name))
            names.insert(entry->d_name);
    if (dir)
        closedir(dir);
    for (const auto &name : names) {
        std::ifstream file(folder + name);
        std::map<std::string, std::string> fields;
        std::string line;

        while (std::getline(file, line)) {
            auto colon = line.find(": ");
            if (!line.empty() && line[0] != ' ' && colon != std::string::npos)
                fields[line.substr(0, colon)] = line.substr(colon + 2);
        }
        const std::string &arch = fields["Architecture"], &status = fields["Status"];
        (*journal)[fields["Package"] + ":" + (arch == "all" ? native : arch)] = {
            fields["Version"], status.substr(status.rfind(' ') + 1)
        };
    }
}

const dpkg_record *find_record(const scanner &s, const PkgIterator &pkg)
{
    if (s.journal.empty())
        return nullptr;
    auto found = s.journal.find(std::string(pkg.Name()) + ":" + pkg.Arch());
    return found == s.journal.end() ? nullptr : &found->second;
}

/* The version that is on the host, whole or not. */
VerIterator current_of(const PkgIterator &pkg, const dpkg_record *record)
{
    if (record && (record->status == "not-installed" || record->status == "config-files"))
        return VerIterator();
    if (record)
        for (auto ver = pkg.VersionList(); !ver.end(); ++ver)
            if (is(ver.VerStr(), record->version))
                return ver;
    return pkg.CurrentVer();
}

void visit_package(scanner &s, const PkgIterator &pkg)
{
    module_package out = {};
    const dpkg_record *record = find_record(s, pkg);
    VerIterator current = current_of(pkg, record);
    VerIterator candidate = s.policy->GetCandidateVer(pkg);

    if (current.end() && (candidate.end() || !s.request->absent_too))
        return;
    out.name = pkg.Name();
    out.arch = pkg.Arch();
    if (!current.end())
        out.installed = describe(s, current, &s.installed_origin);
    if (!candidate.end())
        out.candidate =
            candidate == current ? out.installed : describe(s, candidate, &s.candidate_origin);
    if (!current.end()) {
        out.has_update =
            !candidate.end() && candidate != current && candidate.CompareVer(current) > 0;
        out.hidden = find_hidden(pkg, out.has_update ? candidate : current);
        out.held = pkg->SelectedState == pkgCache::State::Hold;
        out.phased = out.has_update && is_phased_out(s, current, candidate, out.candidate);
        out.broken = record ? record->status != "installed" : is_broken(pkg);
    }
    s.request->visit(s.request->context, &out);
}

/* libapt would fork "dpkg --print-foreign-architectures" of the host it runs on,
 * which is slow, and wrong for another root: read what that dpkg would. */
void set_architectures(const std::string &root)
{
    std::ifstream file(root + "/var/lib/dpkg/arch");
    std::string native = _config->Find("APT::Architecture"), line;

    if (_config->Exists("APT::Architectures"))
        return;
    _config->Set("APT::Architectures::", native);
    while (std::getline(file, line))
        if (!line.empty() && line != native)
            _config->Set("APT::Architectures::", line);
}

std::string machine_id(const char *root)
{
    std::ifstream file(std::string(text(root)) + "/etc/machine-id");
    std::string id;

    std::getline(file, id);
    return _config->Find("APT::Machine-ID", id.c_str());
}

struct timespec changed_at(const std::string &path)
{
    struct stat st;

    return stat(path.c_str(), &st) == 0 ? st.st_mtim : timespec{ 0, 0 };
}

/* By whole seconds, as libapt compares. */
bool is_after(const std::string &made, const std::vector<std::string> &from)
{
    for (const auto &path : from)
        if (changed_at(made).tv_sec <= changed_at(path).tv_sec)
            return false;
    return true;
}

/* Making a cache takes ten times what a scan takes with one, and ten times the memory. apt
 * makes one whenever it has fetched lists, and replaces but never changes it: a second name
 * for that file costs nothing. libapt looks itself whether it is right before it is used. */
void adopt(const std::string &theirs, const std::string &ours, const std::vector<std::string> &from)
{
    if (is_after(ours, from) || !is_after(theirs, from))
        return;
    std::string next = ours + ".new";
    unlink(next.c_str());
    if (link(theirs.c_str(), next.c_str()) == 0) /* not across file systems, nor for everyone */
        rename(next.c_str(), ours.c_str());
    unlink(next.c_str()); /* rename() leaves two names of one file alone */
}

/* The source cache makes the next scan after an install quick. Where nothing can be
 * kept, both are in a folder that is not there: libapt takes an empty name for the
 * root folder of another root, and it changes the mode of /dev/null. */
void set_caches(const char *directory, bool own_sources)
{
    std::string dir = directory ? directory : "/nonexistent/patchbay";
    std::string lists = _config->FindDir("Dir::State::lists"),
                status = _config->FindFile("Dir::State::status"),
                apts = _config->FindFile("Dir::Cache::pkgcache"),
                apts_source = _config->FindFile("Dir::Cache::srcpkgcache");

    _config->Set("Dir::Cache::pkgcache", dir + "/pkgcache.bin");
    _config->Set("Dir::Cache::srcpkgcache", dir + "/srcpkgcache.bin");
    _config->Set("APT::Cache-Start", _config->FindI("APT::Cache-Start", 24 * 1024 * 1024));
    if (!directory || own_sources)
        return;
    adopt(apts, _config->FindFile("Dir::Cache::pkgcache"), { lists, status });
    adopt(apts_source, _config->FindFile("Dir::Cache::srcpkgcache"), { lists });
}

/* The names in the folder are those that apt_get.c gives apt-get. */
void set_sources(const char *directory)
{
    if (!directory)
        return;
    std::string dir = directory;

    _config->Set("Dir::Etc::sourcelist", dir + "/sources.list");
    _config->Set("Dir::Etc::sourceparts", dir + "/parts");
    _config->Set("Dir::State::lists", dir + "/lists/");
}

/* libapt believes a cache while dpkg's status file has the size and the second of
 * its last change that the cache knows. Two changes in one second can leave both
 * alone, so a cache made in the second of the last change is not believed. */
void drop_doubtful_cache()
{
    std::string cache = _config->FindFile("Dir::Cache::pkgcache");

    if (!is_after(cache, { _config->FindFile("Dir::State::status") }))
        unlink(cache.c_str());
}

bool explain(char *why, size_t size)
{
    std::string message = "libapt gave no reason", one;
    bool found = false; /* the first error: later ones sum up */

    while (!_error->empty())
        if (_error->PopMessage(one) && !found) {
            message = one;
            found = true;
        }
    snprintf(why, size, "%s", message.c_str());
    return false;
}

bool begin(const module_request *o)
{
    std::string root = o->root && strcmp(o->root, "/") != 0 ? o->root : "";

    if (_config->FindB("Patchbay::Ready", false))
        return true;
    _config->Set("Patchbay::Ready", true);
    /* The root has to be known before the configuration is read. */
    if (!root.empty()) {
        _config->Set("RootDir", root);
        _config->Set("Dir::State::status", "/var/lib/dpkg/status");
    }
    if (!pkgInitConfig(*_config))
        return false;
    set_architectures(root);
    set_caches(o->cache_dir, o->sources_dir != nullptr);
    set_sources(o->sources_dir);
    return pkgInitSystem(*_config, _system);
}

void visit_all(scanner &s, pkgCache *cache)
{
    for (auto pkg = cache->PkgBegin(); !pkg.end(); ++pkg) {
        if (!s.request->absent_too && pkg->CurrentVer == 0 && s.journal.empty())
            continue;
        if (pkg->VersionList != 0)
            visit_package(s, pkg);
    }
}

/* libapt finds nothing where it may not look either. False, with the reason: it may not. */
bool may_read(const std::string &path)
{
    return access(path.c_str(), R_OK) == 0 || errno != EACCES ||
           _error->Errno("open", "%s cannot be read", path.c_str());
}

/* libapt passes over a list that is not there; a host that nothing is known of must not look
 * up to date. */
bool has_lists(const module_request *request, pkgCache *cache)
{
    for (auto file = cache->FileBegin(); !file.end(); ++file)
        if ((file->Flags & pkgCache::Flag::NotSource) == 0)
            return true;
    if (request->sources_dir)
        return _error->Error("the alternative sources of the baseline offer no packages");
    return may_read(_config->FindDir("Dir::State::lists")) &&
           _error->Error("there are no package lists of any repository: see apt-get update");
}

std::string read_all(const std::string &path)
{
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

/* What a Release file says of one of its files, in bytes: " SUM SIZE NAME". -1: nothing. */
long long promised_size(const std::string &release, const std::string &name)
{
    auto at = release.find(" " + name + "\n");
    if (at == std::string::npos)
        return -1;
    while (at > 0 && release[at - 1] == ' ') /* sizes are aligned */
        --at;
    auto from = release.find_last_of(" \n", at - 1);
    return from == std::string::npos ? -1 : strtoll(release.c_str() + from, nullptr, 10);
}

/* A power cut can leave a list empty or cut short, and apt-get update takes it for what it
 * fetched. One of a local repository is where it always is. */
bool is_whole(const IndexTarget &target, const std::string &release)
{
    std::string path = target.Option(IndexTarget::EXISTING_FILENAME),
                plain = target.Option(IndexTarget::FILENAME);
    struct stat st;

    if (path.empty())
        return promised_size(release, target.MetaKey) <= 0 ||
               target.Option(IndexTarget::ARCHITECTURE) != _config->Find("APT::Architecture") ||
               (may_read(plain) &&
                _error->Error("the package list %s is not there: see apt-get update",
                              plain.c_str()));
    if (lstat(path.c_str(), &st) != 0 || !S_ISREG(st.st_mode) || path.size() < plain.size())
        return true;
    long long size = promised_size(release, target.MetaKey + path.substr(plain.size()));
    if (size < 0 || size == st.st_size)
        return true;
    return _error->Error("the package list %s is damaged: remove it, and see apt-get update",
                         path.c_str());
}

/* The Release file lies beside the lists it speaks of, and is named as they are. */
std::string read_release(const IndexTarget &target)
{
    std::string list = target.Option(IndexTarget::FILENAME), key = target.MetaKey;

    std::replace(key.begin(), key.end(), '/', '_');
    if (list.size() <= key.size() || list.compare(list.size() - key.size(), key.size(), key) != 0)
        return "";
    list.resize(list.size() - key.size());
    std::string release = read_all(list + "InRelease");
    return release.empty() ? read_all(list + "Release") : release;
}

bool lists_are_whole(pkgSourceList *sources)
{
    for (auto source : *sources) {
        std::string release;

        for (const auto &target : source->GetIndexTargets()) {
            if (target.Option(IndexTarget::CREATED_BY) != "Packages")
                continue;
            if (release.empty())
                release = read_release(target);
            if (!is_whole(target, release))
                return false;
        }
    }
    return true;
}

size_t count_security_sources(const scanner &s, pkgCache *cache)
{
    size_t count = 0;

    for (auto file = cache->FileBegin(); !file.end(); ++file)
        count += (file->Flags & pkgCache::Flag::NotSource) == 0 && is_security(s, file);
    return count;
}

bool apt_scan(const module_request *request, char *why, size_t size)
{
    if (!begin(request))
        return explain(why, size);
    drop_doubtful_cache();

    pkgCacheFile file;
    if (!file.BuildCaches(nullptr, false) || !file.BuildPolicy(nullptr))
        return explain(why, size);
    if (!lists_are_whole(file.GetSourceList()) || !has_lists(request, file.GetPkgCache()))
        return explain(why, size);

    scanner s = {};
    s.request = request;
    s.policy = file.GetPolicy();
    s.security_suite = std::string(text(request->codename)) + "-security";
    s.machine = machine_id(request->root);
    s.phasing = strcmp(request->id, "ubuntu") == 0 && !s.machine.empty() &&
                !phase_option("Always-Include-Phased-Updates");
    read_journal(strcmp(request->root, "/") == 0 ? "" : request->root, &s.journal);
    pkgRecords *records = s.phasing ? new pkgRecords(*file.GetPkgCache()) : nullptr;
    s.records = records;
    visit_all(s, file.GetPkgCache());
    *request->n_security_sources = count_security_sources(s, file.GetPkgCache());
    delete records;
    return !_error->PendingError() || explain(why, size);
}

/* The archives of a local repository are used where they are. */
bool is_fetched(const VerIterator &ver)
{
    std::string name = QuoteString(ver.ParentPkg().Name(), "_:") + '_' +
                       QuoteString(ver.VerStr(), "_:") + '_' + QuoteString(ver.Arch(), "_:.") +
                       ".deb";
    struct stat st;

    for (auto use = ver.FileList(); !use.end(); ++use)
        if ((use.File()->Flags & pkgCache::Flag::NotSource) == 0 && *text(use.File().Site()) == 0)
            return true;
    return stat((_config->FindDir("Dir::Cache::Archives") + name).c_str(), &st) == 0 &&
           static_cast<unsigned long long>(st.st_size) == ver->Size;
}

void add_space(pkgDepCache &cache, const PkgIterator &pkg, module_space *space)
{
    pkgDepCache::StateCache &state = cache[pkg];

    if (!state.Install())
        return;
    VerIterator ver = state.InstVerIter(cache);
    long long size = static_cast<long long>(ver->InstalledSize);

    if (size > space->largest)
        space->largest = size;
    if (!is_fetched(ver))
        space->archives += static_cast<long long>(ver->Size);
    space->n_kernels += state.NewInstall() && strncmp(pkg.Name(), "linux-image-", 12) == 0;
}

/* As apt-get would: the versions asked for, and what they need. */
bool apt_measure(const module_request *, const module_change *changes, size_t count,
                 module_space *ret, char *why, size_t size)
{
    std::string archives = _config->FindDir("Dir::Cache::Archives");
    pkgCacheFile file;

    *ret = {};
    if (archives.size() >= sizeof(ret->archive_dir))
        return false;
    memcpy(ret->archive_dir, archives.c_str(), archives.size() + 1);

    if (!file.BuildCaches(nullptr, false) || !file.BuildPolicy(nullptr) ||
        !file.BuildDepCache(nullptr))
        return explain(why, size);
    pkgDepCache &cache = *file.GetDepCache();
    {
        pkgDepCache::ActionGroup group(cache);

        for (int round = 0; round < 2; round++)
            for (size_t i = 0; i < count; i++) {
                auto pkg = file.GetPkgCache()->FindPkg(changes[i].name);
                if (pkg.end())
                    continue;
                auto ver = pkg.VersionList();
                while (!ver.end() && !is(ver.VerStr(), changes[i].version))
                    ++ver;
                if (!ver.end() && round == 0)
                    cache.SetCandidateVersion(ver);
                else if (!ver.end())
                    cache.MarkInstall(pkg, true);
            }
    }
    ret->growth = static_cast<long long>(cache.UsrSize());
    for (auto pkg = file.GetPkgCache()->PkgBegin(); !pkg.end(); ++pkg)
        add_space(cache, pkg, ret);
    _error->Discard(); /* what cannot come in takes no space */
    return true;
}

/* ---- marks ---- */

std::string name_and_arch(const pkgTagSection &section)
{
    std::string arch = section.FindS("Architecture");

    if (arch.empty() || arch == "all")
        arch = _config->Find("APT::Architecture");
    return section.FindS("Package") + ":" + arch;
}

/* apt writes no architecture where it is the host's own. */
std::string marked_name(const std::string &name)
{
    return name.find(':') != std::string::npos ? name
                                               : name + ":" + _config->Find("APT::Architecture");
}

/* The names that are marked, of the file that says so; none where there is no file. */
bool list_automatic(std::set<std::string> *ret)
{
    std::string path = _config->FindFile("Dir::State::extended_states");
    pkgTagSection section;
    FileFd file;

    if (!RealFileExists(path))
        return true;
    if (!file.Open(path, FileFd::ReadOnly))
        return false;
    pkgTagFile tags(&file);
    while (tags.Step(section))
        if (section.FindI("Auto-Installed", 0) > 0)
            ret->insert(name_and_arch(section));
    return !_error->PendingError();
}

bool apt_read_marks(module_change *changes, size_t count, char *why, size_t size)
{
    std::set<std::string> marked;

    if (!list_automatic(&marked))
        return explain(why, size);
    for (size_t i = 0; i < count; i++)
        changes[i].automatic = marked.count(marked_name(changes[i].name)) > 0;
    return true;
}

/* As libapt writes the file, but without a cache of all packages, which takes a second. */
bool write_marks(std::set<std::string> lost)
{
    std::string path = _config->FindFile("Dir::State::extended_states"), text;
    FileFd in, out;

    if (RealFileExists(path) && !in.Open(path, FileFd::ReadOnly))
        return false;
    if (!out.Open(path, FileFd::WriteOnly | FileFd::Create | FileFd::Atomic, 0644))
        return false;
    if (in.IsOpen()) {
        pkgTagFile tags(&in);
        pkgTagSection section;

        while (tags.Step(section)) {
            std::vector<pkgTagSection::Tag> changed;

            if (lost.erase(name_and_arch(section)) > 0)
                changed.push_back(pkgTagSection::Tag::Rewrite("Auto-Installed", "1"));
            if (!section.Write(out, nullptr, changed) || !out.Write("\n", 1))
                return false;
        }
    }
    for (const auto &name : lost) {
        auto colon = name.rfind(':');
        text += "Package: " + name.substr(0, colon) + "\nArchitecture: " + name.substr(colon + 1) +
                "\nAuto-Installed: 1\n\n";
    }
    if (!text.empty() && !out.Write(text.data(), text.size()))
        return false;
    return !_error->PendingError() && out.Close() && chmod(path.c_str(), 0644) == 0;
}

bool apt_restore_marks(const char *const *names, size_t count, char *why, size_t size)
{
    std::set<std::string> marked, lost;

    if (!list_automatic(&marked))
        return explain(why, size);
    for (size_t i = 0; i < count; i++)
        if (marked.count(marked_name(names[i])) == 0)
            lost.insert(marked_name(names[i]));
    return lost.empty() || write_marks(lost) || explain(why, size);
}

} // namespace

const struct module patchbay_module = {
    MODULE_ABI,     sizeof(module_package), "apt", apt_scan, apt_measure,
    apt_read_marks, apt_restore_marks
};
