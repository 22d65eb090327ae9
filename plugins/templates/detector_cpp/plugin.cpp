/* SPDX-License-Identifier: MIT */
/* recent_files: somebody plays while files in a folder change, such as the saved games of a game
 * that saves often.
 *
 * To make it yours: another name (here in `plugin`, and in CMakeLists.txt), other settings, and
 * your own Watcher. What it throws ends at guarded(): no exception may cross into the agent. */
#include <chrono>
#include <clockblock/detector.h>
#include <clockblock/services.h>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace
{

namespace fs = std::filesystem;

constexpr clb_option option(int32_t type, uint32_t flags, const char *key, const char *default_text,
                            const char *help, double minimum = 0, double maximum = 0)
{
    return {sizeof(clb_option),
            type,
            flags,
            0,
            key,
            default_text,
            help,
            nullptr,
            nullptr,
            nullptr,
            minimum,
            maximum};
}
constexpr clb_option folder_option = option(CLB_OPTION_PATH, CLB_OPTION_REQUIRED, "folder", nullptr,
                                            "somebody plays while files in it change");
constexpr clb_option within_option = option(CLB_OPTION_DURATION, 0, "within_sec", "120",
                                            "seconds that a change counts for", 1, 86400);
constexpr clb_option activity_option = option(CLB_OPTION_STRING, 0, "activity", "a game",
                                              "what is played, as it shows up in the account");
const clb_option *const options[] = {&folder_option, &within_option, &activity_option, nullptr};

std::string text(const clb_settings *settings, const char *key)
{
    const char *value = clb_setting_text(settings, key);
    return value != nullptr ? value : "";
}

template <typename Table> const Table *service(const clb_host *host, const char *id)
{
    auto table = static_cast<const Table *>(host->get_service(host, id));
    if (table == nullptr)
        throw std::runtime_error(std::string("this agent lacks ") + id);
    return table;
}

/* One for each entry in clockblock.conf with this plugin. Settings are borrowed: it copies. */
class Watcher
{
  public:
    Watcher(const clb_host *host, const clb_settings *settings)
        : host_(host), clock_(service<clb_clock>(host, CLB_CLOCK)),
          run_(service<clb_run>(host, CLB_RUN)), folder_(text(settings, "folder")),
          within_(clb_setting_integer(settings, "within_sec")),
          activity_(text(settings, "activity"))
    {
        if (folder_.empty())
            throw std::runtime_error("folder: it is empty; name the folder to watch");
    }

    /* What it emits is the complete picture: to give up half-way is a failure. */
    void poll(const clb_poll *poll) const
    {
        /* Files are as old as the file system's own clock says. */
        const auto oldest = fs::file_time_type::clock::now() - within_;
        const auto skip = fs::directory_options::skip_permission_denied;
        for (const auto &entry : fs::recursive_directory_iterator(folder_, skip)) {
            if (run_->cancelled(host_) != 0 || clock_->monotonic_ms(host_) >= poll->deadline_ms)
                throw std::runtime_error("there was no time to look at all files in the folder");
            std::error_code gone; /* removed since it was listed: no matter */
            if (entry.is_regular_file(gone) && entry.last_write_time(gone) >= oldest && !gone)
                return emit(poll, entry.path().filename().string());
        }
    }

    int32_t wait(int64_t max_ms) const
    {
        return run_->wait(host_, max_ms);
    }

  private:
    void emit(const clb_poll *poll, const std::string &subject) const
    {
        const clb_observation seen = {sizeof(seen),      CLB_ACTIVE,     60, 0, 0,
                                      activity_.c_str(), subject.c_str()};
        poll->emit(poll, &seen);
    }

    const clb_host *host_;
    const clb_clock *clock_;
    const clb_run *run_;
    fs::path folder_;
    std::chrono::milliseconds within_;
    std::string activity_;
};

/* Runs `work`, and makes a status and a sentence of whatever it throws. */
template <typename Work> int32_t guarded(clb_error *error, int32_t status, Work work) noexcept
{
    try {
        work();
        return CLB_OK;
    } catch (const std::exception &problem) {
        std::snprintf(error->text, sizeof(error->text), "%s", problem.what());
    } catch (...) {
        std::snprintf(error->text, sizeof(error->text), "something unknown was thrown");
    }
    return status;
}

} // namespace

/* What the agent calls is called as C. */
extern "C" {

static int32_t CLB_CALL create(const clb_host *host, const clb_settings *settings, void **instance,
                               clb_error *error)
{
    return guarded(error, CLB_FAILED,
                   [&] { *instance = std::make_unique<Watcher>(host, settings).release(); });
}

static int32_t CLB_CALL start(void *, clb_error *)
{
    return CLB_OK;
}

/* A folder that cannot be read is another thing than a folder in which nothing happens. */
static int32_t CLB_CALL poll(void *data, const clb_poll *poll, clb_error *error)
{
    return guarded(error, CLB_UNAVAILABLE, [&] { static_cast<const Watcher *>(data)->poll(poll); });
}

static int32_t CLB_CALL wait(void *data, int64_t max_ms)
{
    return static_cast<const Watcher *>(data)->wait(max_ms);
}

static void CLB_CALL stop(void *) {}

static void CLB_CALL destroy(void *data)
{
    delete static_cast<Watcher *>(data);
}

static const clb_detector detector = {
    CLB_ROLE_EVIDENCE, 0, create, start, poll, wait, stop, destroy};

static const void *CLB_CALL get_interface(const char *id)
{
    return std::strcmp(id, CLB_DETECTOR) == 0 ? &detector : nullptr;
}

static const clb_plugin plugin = {{CLB_MAGIC, sizeof(clb_plugin), CLB_ABI_MAJOR, CLB_ABI_MINOR, 0},
                                  "recent_files",
                                  "1.0.0",
                                  "Somebody plays while files in a folder change",
                                  options,
                                  get_interface,
                                  nullptr};

const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *)
{
    return &plugin;
}

} // extern "C"
