/* SPDX-License-Identifier: MIT */
#include "bus_place.h"

#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void write_config(const struct bus_place *place, const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file,
            "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
            " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
            "<busconfig><type>session</type><listen>%s</listen><policy context=\"default\">\n"
            "%s\n"
            "<allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>\n"
            "<allow own=\"*\"/></policy><servicedir>%s</servicedir></busconfig>\n",
            place->address, place->owner == 0 ? "<allow user=\"*\"/>" : "", place->folder);
    assert_int_equal(0, fclose(file));
}

void bus_place_make(struct bus_place *place)
{
    bus_place_make_for(place, 0);
}

uid_t bus_place_somebody(void)
{
    const struct passwd *account = getpwnam("daemon");
    return account != NULL ? account->pw_uid : 1;
}

uid_t bus_place_person(void)
{
    const struct passwd *account;
    uid_t found = 0;
    setpwent();
    while (found == 0 && (account = getpwent()) != NULL)
        if (account->pw_uid >= 1000 && account->pw_uid < 60000)
            found = account->pw_uid;
    endpwent();
    return found;
}

void bus_place_make_for(struct bus_place *place, uid_t owner)
{
    char path[128];
    *place = (struct bus_place){.owner = owner};
    strcpy(place->folder, "/tmp/clockblock-bus-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    assert_int_equal(0, chmod(place->folder, 0755)); /* for tests that become somebody else */
    snprintf(path, sizeof(path), "%s/dbus", place->folder);
    assert_int_equal(0, mkdir(path, 0755));
    assert_int_equal(0, chown(path, owner, (gid_t)-1));
    snprintf(place->address, sizeof(place->address), "unix:path=%s/dbus/system_bus_socket",
             place->folder);
    snprintf(path, sizeof(path), "%s/bus.conf", place->folder);
    write_config(place, path);
    bus_place_start_daemon(place);
}

void bus_place_drop(struct bus_place *place)
{
    static const char *const made[] = {"bus.conf", "dbus"};
    bus_place_kill_service(place);
    bus_place_kill_daemon(place);
    for (int i = 0; i < 2; i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/%s", place->folder, made[i]);
        remove(path);
    }
    assert_int_equal(0, rmdir(place->folder));
}

static pid_t start(char *const *arguments, uid_t owner, int input, int output)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    if (input >= 0)
        dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    if (input < 0)
        dup2(open("/dev/null", O_WRONLY),
             STDERR_FILENO); /* it wants more descriptors than many may */
    for (int i = 3; i < 64; i++)
        close(i);
    if (owner != 0 && setuid(owner) != 0)
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* it ends with us, whatever becomes of the test */
    execvp(arguments[0], arguments);
    _exit(127);
}

void bus_place_start_daemon(struct bus_place *place)
{
    char config[128], address[256];
    int pipes[2];
    snprintf(config, sizeof(config), "--config-file=%s/bus.conf", place->folder);
    char *arguments[] = {"dbus-daemon", config, "--nofork", "--print-address=1", NULL};
    assert_int_equal(0, pipe(pipes));
    place->daemon = start(arguments, place->owner, -1, pipes[1]);
    close(pipes[1]);
    assert_true(read(pipes[0], address, sizeof(address)) > 0); /* it listens now */
    close(pipes[0]);
}

static void end(pid_t *pid)
{
    if (*pid == 0)
        return;
    kill(*pid, SIGKILL);
    waitpid(*pid, NULL, 0);
    *pid = 0;
}

void bus_place_kill_daemon(struct bus_place *place)
{
    char path[128];
    end(&place->daemon);
    snprintf(path, sizeof(path), "%s/dbus/system_bus_socket", place->folder);
    unlink(path);
}

static void expect_ok(const struct bus_place *place)
{
    char line[16] = "";
    assert_non_null(fgets(line, sizeof(line), place->answers));
    assert_string_equal("ok\n", line);
}

void bus_place_start_service(struct bus_place *place, const char *name)
{
    int to[2], from[2];
    char *arguments[] = {BUS_SERVICE, place->address, (char *)name, NULL};
    assert_int_equal(0, pipe(to));
    assert_int_equal(0, pipe(from));
    place->service = start(arguments, place->owner, to[0], from[1]);
    close(to[0]);
    close(from[1]);
    place->commands = fdopen(to[1], "w");
    place->answers = fdopen(from[0], "r");
    expect_ok(place);
}

void bus_place_kill_service(struct bus_place *place)
{
    if (place->service == 0)
        return;
    end(&place->service);
    fclose(place->commands);
    fclose(place->answers);
}

void bus_place_tell(struct bus_place *place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(place->commands, format, arguments);
    va_end(arguments);
    fputc('\n', place->commands);
    assert_int_equal(0, fflush(place->commands));
    expect_ok(place);
}
