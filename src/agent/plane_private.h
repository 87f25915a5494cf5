/* SPDX-License-Identifier: Apache-2.0 */
/* What plane.c and plane_key.c know of each other. */
#pragma once

#include "agent/plane.h"

enum signer {
    SIGN_NOT,
    SIGN_TOKEN,
    SIGN_KEY,
    SIGN_NEXT_KEY, /* that the plane may have taken already */
};

/* One call, as it is. Outcomes PLANE_*. */
MUST_CHECK int plane_call_as(struct plane *p, const struct identity *id,
                             const struct plane_call *call, enum signer signer, struct arena *a,
                             struct plane_answer *ret);

/* A new token, signed for by `signer`. Outcomes PLANE_*. */
MUST_CHECK int plane_ask_token(struct plane *p, const struct plane_call *like, enum signer signer,
                               struct arena *a, struct plane_answer *ret);

/* The signature was not taken, though the clock is not to blame. */
bool plane_doubts_key(const struct plane_answer *answer);

/* A token was had with the next key: it is the key. */
MUST_CHECK int plane_adopt_next(struct plane *p);
