/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rotation.h"

static int make_next(struct key_ring *ring, const struct rotation_ports *ports)
{
    struct key_ring with = *ring;

    PASS(ports->make(ports->context, &with.next));
    PASS(ports->save(ports->context, &with));
    *ring = with;
    return 0;
}

int rotation_adopt(struct key_ring *ring, const struct rotation_ports *ports, msec now)
{
    *ring = (struct key_ring){ .key = ring->next, .made_at = now };
    return ports->save(ports->context, ring);
}

int rotation_advance(struct key_ring *ring, const struct rotation_ports *ports, msec now)
{
    if (!str_is_set(ring->next))
        PASS(make_next(ring, ports));
    int told = ports->announce(ports->context, ring->next);
    if (told == ROTATION_UNKNOWN)
        told = ports->prove(ports->context, ring->next);
    PASS(told);
    return rotation_adopt(ring, ports, now);
}
