/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One command on this node, from its receipt until the plane has taken its
 * last reply: the record the journal keeps, and the order in which things may
 * happen. command_advance() never acts on what is not yet saved, so a crash
 * between any two of its calls through the ports repeats nothing:
 *
 *   save "step k, attempt n, boot b"  ->  launch (happens once an attempt)
 *   fetch step k's document, save it  ->  launch its steps
 *   save "step k ended so", its reply ->  send, until the plane answers
 *   save "restart asked"              ->  the restart
 *
 * It does no I/O of its own and knows no clock.
 */
#pragma once

#include "agent/run.h"

#define COMMAND_REPLY_AGE    RUN_MAX_AGE        /* then a reply nobody takes is dropped */
#define COMMAND_REBOOT_GRACE (30 * MSEC_SECOND) /* for replies to go out before a restart */
#define COMMAND_FETCH_AGE                                                                          \
    (15 * MSEC_MINUTE)    /* then a document that cannot be had fails its step                     \
                           */
#define COMMAND_VERSION 1 /* of the record's form */

enum entry_kind {
    ENTRY_ACK,   /* AcknowledgeMessage */
    ENTRY_REPLY, /* SendReply */
};

/* A word to the plane that it has not taken yet. */
struct entry {
    enum entry_kind kind;
    struct str id; /* ReplyId: the same however often it is sent */
    struct str payload;
    msec created_at;
    struct entry *next;
};

struct command {
    struct str id, message_id;
    msec created_at;  /* by the message; 0 if it did not say */
    msec received_at; /* here */
    struct value *payload;
    struct document document;
    struct run run;
    struct entry *entries; /* oldest first */
    msec reboot_asked_at;  /* 0: not */
    msec finished_at;      /* 0: not; set with the final reply among the entries */
    bool is_over;          /* finished and all said: only the record against doubles is left */
    bool is_dirty;         /* the record is behind */
};

enum command_outcome {
    COMMAND_AGAIN = 1,         /* there is more to do at once */
    COMMAND_WAITS_STEP = 2,    /* for the running step, or for its turn */
    COMMAND_WAITS_REBOOT = 3,  /* for the node to go down */
    COMMAND_WAITS_SENDING = 4, /* for the plane to take replies */
    COMMAND_WAITS_DISK = 5,    /* the record could not be saved */
    COMMAND_WAITS_FETCH = 6,   /* for the plane to hand out a step's document */
};

enum port_outcome {
    PORT_NOT_YET = 1, /* save: no space; send: try later; look: still running */
    PORT_ABSENT = 2,  /* look: that attempt was never begun */
    PORT_REFUSED = 3, /* send, fetch: the plane never will; reboot: it cannot be (*ret_why) */
};

struct command_ports {
    void *context;
    int (*save)(void *context, const struct command *c);
    bool (*may_start)(void *context);
    bool (*may_reboot)(void *context); /* no other command's step would be torn */
    /* Make the attempt happen, once, however often this is called. */
    int (*launch)(void *context, const struct command *c, struct run_place at);
    int (*look)(void *context, const struct command *c, struct run_place at, struct arena *a,
                struct step_result *ret);
    /* The document of a STEP_DOCUMENT: PORT_NOT_YET and PORT_REFUSED come with *ret_why. */
    int (*fetch)(void *context, const struct document_step *step, struct arena *a,
                 struct value **ret, struct str *ret_why);
    int (*send)(void *context, const struct command *c, const struct entry *e);
    int (*reboot)(void *context, const struct command *c, struct arena *a, struct str *ret_why);
    struct str boot_id;
    msec reboot_timeout; /* a node that has not gone down by then will not */
};

/* A command just received. Outcome DOCUMENT_REFUSED of document.h with *ret_why. */
MUST_CHECK int command_new(struct arena *a, struct str message_id, struct str command_id,
                           msec created_at, struct value *payload, msec now, struct command *ret,
                           struct str *ret_why);

/* Does what can be done now. 0: it is over. Outcomes COMMAND_*; a fault is the host's. */
MUST_CHECK int command_advance(struct arena *a, struct command *c,
                               const struct command_ports *ports, msec now);

void command_cancel(struct command *c);

/* The record as a document, and back. False if it is not one of ours. */
struct value *command_to_value(struct arena *a, const struct command *c);
bool command_from_value(struct arena *a, const struct value *v, struct command *ret);
