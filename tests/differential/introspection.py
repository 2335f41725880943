"""What a server tells of itself: INFO, CONFIG GET, MEMORY STATS and COMMAND. Which of it may differ, and how the rest is
compared. intended.py has the entries that use this."""

import fnmatch

from wire import Reply
import servers


def pairs(reply):
    return {reply.value[i].value: reply.value[i + 1] for i in range(0, len(reply.value), 2)}


# CONFIG: settings that Larder does not name, by patterns.
NOT_SETTINGS = {
    "acl-* acllog-* masteruser": "there is one user",
    "active-* activerehashing jemalloc-* oom-score-* disable-thp maxmemory-eviction-tenacity": "Larder does it its own way",
    "aof-* aof_* append* auto-aof-* bgsave_* no-appendfsync-* rdb* sanitize-dump-payload": "nothing is kept on disk",
    "cluster-*": "there is no cluster",
    "repl-* replica-* slave-* min-*-max-lag propagation-error-behavior": "there are no replicas",
    "tls-*": "there is no TLS",
    "hash-* list-* set-max-* zset-* stream-* hll-*": "there are no such values yet",
    "tracking-* latency-tracking-info-percentiles": "there is no such thing yet",
    "*_cpulist set-proc-title proc-title-template syslog-* crash-* ignore-warnings shutdown-* socket-mark-id bind-source-addr":
        "the process is not started like this",
    "client-query-buffer-limit": "Larder's bounds are on what a command may hold, not on a buffer",
}
SETTINGS_ALL_THE_SAME = {  # though a pattern above fits
    "appendonly", "appendfsync", "cluster-enabled", "replica-read-only", "slave-read-only", "syslog-enabled",
    "tls-port",
}

# Settings whose values are each server's own. All others must be the same.
FREE_SETTINGS = set("""
    appendfsync bind busy-reply-threshold client-output-buffer-limit dbfilename dir dynamic-hz io-threads io-threads-do-reads
    latency-tracking logfile lua-time-limit maxmemory maxmemory-clients maxmemory-policy proto-max-bulk-len port
    stop-writes-on-bgsave-error tcp-backlog unixsocket
""".split())


def is_no_setting(name):
    patterns = " ".join(NOT_SETTINGS).split()
    return name not in SETTINGS_ALL_THE_SAME and any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def same_settings(_, one, other):
    if one.kind != other.kind or not isinstance(one.value, list) or not isinstance(other.value, list):
        return False
    theirs, ours = ({name.decode().lower(): value for name, value in pairs(each).items()} for each in (one, other))
    theirs = {name: value for name, value in theirs.items() if not is_no_setting(name)}
    return theirs.keys() == ours.keys() and all(
        theirs[name] == ours[name] or name in FREE_SETTINGS and theirs[name].kind == ours[name].kind for name in theirs
    )


# INFO: what Larder leaves out.
LEFT_OUT = {
    "client_recent_max_input_buffer": "no figures of single connections' buffers are kept",
    "client_recent_max_output_buffer": "as above",
    "allocator_allocated": "items lie in memory of their own, not in the allocator's",
    "allocator_active": "as above",
    "allocator_resident": "as above",
    "allocator_frag_ratio": "as above",
    "allocator_frag_bytes": "as above",
    "allocator_rss_ratio": "as above",
    "allocator_rss_bytes": "as above",
    "rss_overhead_ratio": "a ratio to what the allocator holds",
    "rss_overhead_bytes": "as above",
    "expired_stale_perc": "what has expired and is not swept yet is not counted",
}

# INFO: figures that are each server's own, or depend on time, memory, policy or the socket. All others must be the same.
FREE_FIGURES = set("""
    redis_version redis_build_id multiplexing_api atomicvar_api gcc_version process_id run_id tcp_port server_time_usec
    uptime_in_seconds uptime_in_days lru_clock executable connected_clients
    used_memory used_memory_human used_memory_rss used_memory_rss_human used_memory_peak used_memory_peak_human
    used_memory_peak_perc used_memory_overhead used_memory_startup used_memory_dataset used_memory_dataset_perc
    used_memory_lua used_memory_vm_eval used_memory_lua_human used_memory_vm_functions used_memory_vm_total
    used_memory_vm_total_human used_memory_functions used_memory_scripts used_memory_scripts_human maxmemory maxmemory_human
    maxmemory_policy mem_fragmentation_ratio mem_fragmentation_bytes mem_clients_normal mem_allocator lazyfreed_objects
    lazyfree_pending_objects
    rdb_changes_since_last_save rdb_last_save_time
    total_commands_processed instantaneous_ops_per_sec total_net_input_bytes total_net_output_bytes
    instantaneous_input_kbps instantaneous_output_kbps expired_keys expired_time_cap_reached_count
    expire_cycle_cpu_milliseconds keyspace_hits keyspace_misses total_reads_processed total_writes_processed
    reply_buffer_shrinks reply_buffer_expands
    master_replid repl_backlog_size
    used_cpu_sys used_cpu_user used_cpu_sys_main_thread used_cpu_user_main_thread
    cmdstat_scan
""".split())  # the last one: a page may hold any keys
FREE_PARTS = {"usec", "usec_per_call", "avg_ttl"}  # of figures like calls=1,usec=3


def sections(reply):
    """INFO taken apart: names of sections, each with its fields in their order."""
    found = {}
    for line in reply.value.removeprefix(b"txt:").decode().split("\r\n"):
        if line.startswith("# "):
            found[line[2:]] = of_section = {}
        elif line:
            name, figure = line.split(":", 1)
            of_section[name] = figure
    return found


def without_free_parts(figure):
    return [part for part in figure.split(",") if part.split("=")[0] not in FREE_PARTS]


def same_section(name, theirs, ours):
    if name == "Latencystats":
        return not ours  # as with latency-tracking no
    ours = {field: figure for field, figure in ours.items() if not field.startswith("larder_")}
    theirs = {field: figure for field, figure in theirs.items() if field not in LEFT_OUT}
    if name in ("Commandstats", "Errorstats"):  # in no order
        theirs, ours = dict(sorted(theirs.items())), dict(sorted(ours.items()))
    return list(theirs) == list(ours) and all(
        without_free_parts(theirs[field]) == without_free_parts(ours[field]) or field in FREE_FIGURES for field in theirs
    )


def same_info(_, one, other):
    """The same sections, in them the same fields, and the same figures but for those above."""
    if one.kind != other.kind or one.kind not in "$=":
        return False
    theirs, ours = sections(one), sections(other)
    return list(theirs) == list(ours) and all(same_section(name, theirs[name], ours[name]) for name in theirs)


def same_info_but_counts(_, one, other):
    """The same, but for the numbers of commands and errors."""
    if one.kind != other.kind or one.kind not in "$=":
        return False
    theirs, ours = sections(one), sections(other)
    for figures in (theirs, ours):
        for counts in figures.keys() & {"Commandstats", "Errorstats"}:
            figures[counts].clear()
        figures.get("Stats", {}).pop("total_error_replies", None)
    return list(theirs) == list(ours) and all(same_section(name, theirs[name], ours[name]) for name in theirs)


# MEMORY STATS: what Larder leaves out, with INFO's reasons; and of single databases, whose items share one index.
MEMORY_LEFT_OUT = ("allocator", "rss-overhead", "db.")


def same_memory(_, one, other):
    """The same fields in the same order, each of the same kind; what is nothing to Larder may be something to Redis."""
    if one.kind != other.kind or not isinstance(one.value, list) or not isinstance(other.value, list):
        return False
    theirs, ours = ({name.decode(): value for name, value in pairs(each).items()} for each in (one, other))
    theirs = {name: value for name, value in theirs.items() if not name.startswith(MEMORY_LEFT_OUT)}
    ours = {name: value for name, value in ours.items() if not name.startswith("larder.")}
    return list(theirs) == list(ours) and all(
        theirs[name].kind == ours[name].kind and theirs[name].value is not None for name in theirs
    ) and theirs["keys.count"] == ours["keys.count"]


def rows(reply):
    """COMMAND INFO, with what comes in no order made comparable, and without the notes, which are prose."""
    if reply.value is None or reply.kind != "*" or len(reply.value) != 10:
        return reply
    row = list(reply.value)
    row[2], row[6] = sorted(row[2].value), sorted(row[6].value)
    row[8] = [dict(zip(each.value[::2], each.value[1::2])) for each in row[8].value]
    for spec in row[8]:
        spec.pop(Reply("$", b"notes"), None)
    row[9] = {subcommand.value[0].value: rows(subcommand) for subcommand in row[9].value}
    return row


def same_row(theirs, ours):
    """But for subcommands that only one of them has."""
    if not isinstance(theirs, list) or not isinstance(ours, list):
        return theirs == ours
    shared = theirs[9].keys() & ours[9].keys()
    return theirs[:9] == ours[:9] and all(same_row(theirs[9][name], ours[9][name]) for name in shared)


def same_rows(words, one, other):
    """The same but for order, and for what only one of them has. Asked for some by name: all of them."""
    if one.kind != "*" or other.kind != "*":
        return False
    theirs, ours = map(rows, one.value), map(rows, other.value)
    if len(words) > 2:
        return len(one.value) == len(other.value) and all(map(same_row, theirs, ours))
    theirs, ours = ({row[0].value.decode(): row for row in each} for each in (theirs, ours))
    shared = same_names(theirs, ours)
    return shared is not None and all(same_row(theirs[name], ours[name]) for name in shared)


def same_names(theirs, ours):
    """What both have, if everything that only one of them names is what the other has not; else None."""
    redis_has, larder_has = servers.known()
    theirs, ours = set(theirs), set(ours)
    return theirs & ours if theirs & larder_has == ours & redis_has else None


def same_list(_, one, other):
    """Each name once, in any order."""
    if one.kind != other.kind or one.kind not in "*~":
        return False
    theirs, ours = ([name.value.decode() for name in each.value] for each in (one, other))
    return len(set(ours)) == len(ours) and same_names(theirs, ours) is not None


def same_count(_, one, other):
    larder_has = servers.known()[1]
    return one.kind == other.kind == ":" and int(other.value) == len([name for name in larder_has if "|" not in name])


# COMMAND DOCS: what Larder does not tell, or tells in words of its own.
FREE_FIELDS = {
    b"summary": "the words are Larder's own",
    b"complexity": "prose, and of another program",
    b"history": "prose; what it says of options is in their since",
    b"doc_flags": "advice, as the next two",
    b"deprecated_since": "the command is served all the same",
    b"replaced_by": "as above",
}

# COMMAND DOCS: options that are newer than 7.0.15, by the words that begin them.
NEWER_OPTIONS = {
    b"set": {b"IFEQ", b"IFNE", b"IFDEQ", b"IFDNE"},  # 8.4
    b"client|kill": {b"MAXAGE"},  # 7.4
}


def without_options(arguments, words, seen):
    """Arguments as COMMAND DOCS has them, without those that begin with one of the words; these are noted as seen."""
    kept = []
    for argument in arguments.value:
        fields = pairs(argument)
        token = fields.get(b"token", Reply("$", b"")).value
        if token in words:
            seen.add(token)
            continue
        if b"arguments" in fields:
            fields[b"arguments"] = without_options(fields[b"arguments"], words, seen)
        kept.append(Reply(argument.kind, [part for name in fields for part in (Reply("$", name), fields[name])]))
    return Reply(arguments.kind, kept)


def same_docs_of(name, one, other):
    theirs, ours = pairs(one), pairs(other)
    if one.kind != other.kind or not ours.get(b"summary", Reply("$", None)).value:
        return False
    for fields in (theirs, ours):
        for free in FREE_FIELDS:
            fields.pop(free, None)
    newer, seen = NEWER_OPTIONS.get(name, set()), set()
    if newer:
        ours[b"arguments"] = without_options(ours[b"arguments"], newer, seen)
    their_parts, our_parts = (fields.pop(b"subcommands", Reply("%", [])) for fields in (theirs, ours))
    return list(ours.items()) == list(theirs.items()) and seen == newer and same_docs((), their_parts, our_parts)


def same_docs(words, one, other):
    """The same but for those fields and options, and for commands that only one of them has. Asked for some by name: all
    of them."""
    if one.kind != other.kind or not isinstance(one.value, list) or not isinstance(other.value, list):
        return False
    theirs, ours = pairs(one), pairs(other)
    if len(words) > 2 and list(theirs) != list(ours):
        return False
    return all(same_docs_of(name, theirs[name], ours[name]) for name in theirs if name in ours)
