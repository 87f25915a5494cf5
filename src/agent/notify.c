/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "sys/clock.h"

void notify_service_manager(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t len = path ? strlen(path) : 0;

    if (len < 2 || len >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(address.sun_path, path, len);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* the abstract name space */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address, size) < 0)
        (void)0; /* nobody listens: it will find out by other means */
    close(fd);
}

/* Half of what the watchdog waits; 0: there is none, or it is another process's. */
static msec watchdog_interval(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    int64_t value;

    if (!usec || !str_to_int(str_of(usec), &value) || value < 2000)
        return 0;
    if (pid && strtol(pid, NULL, 10) != (long)getpid())
        return 0;
    return value / 1000 / 2;
}

void notify_alive(void)
{
    if (watchdog_interval() > 0)
        notify_service_manager("WATCHDOG=1");
}

int notify_poll(struct pollfd *fds, nfds_t count, msec timeout)
{
    msec end = timeout < 0 ? INT64_MAX : clock_monotonic() + timeout;
    msec interval = watchdog_interval();

    for (;;) {
        msec left = end - clock_monotonic(), turn = interval > 0 ? interval : INT32_MAX;
        if (left < 0)
            left = 0;
        notify_alive();
        int n = poll(fds, count, (int)(left < turn ? left : turn));
        if (n != 0 || left <= turn)
            return n;
    }
}
