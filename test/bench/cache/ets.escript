#!/usr/bin/env escript
%% What a raw ETS table costs of sessions that end: one number per call, for the bench.
%%   get N      lookups per second of keys that are there, among N entries, each looked at for its end
%%   put N      entries per second into a new table
%%   memory N   bytes per entry, key and value included
-module(ets_sessions).
-mode(compile).
-export([main/1]).

main([What, Count]) ->
    io:format("~w~n", [float(measure(list_to_atom(What), list_to_integer(Count)))]).

measure(get, Count) ->
    Entries = entries(Count),
    Table = filled(Entries),
    Keys = list_to_tuple([Key || {Key, _, _} <- Entries]),
    Probes = list_to_tuple([element(rand:uniform(Count), Keys) || _ <- lists:seq(1, 65536)]),
    Now = erlang:system_time(millisecond),
    Times = 2000000,
    Times * 1000000 / took(fun() -> look(Table, Probes, Now, Times) end);
measure(put, Count) ->
    Entries = entries(Count),
    Count * 1000000 / took(fun() -> filled(Entries) end);
measure(memory, Count) ->
    Table = filled(entries(Count)),
    ets:info(Table, memory) * erlang:system_info(wordsize) / Count.

entries(Count) ->
    Later = erlang:system_time(millisecond) + 86400000,
    [begin
         User = <<"user-", (integer_to_binary(N))/binary>>,
         {binary:encode_hex(rand:bytes(18)), #{user_id => User, expires_at => Later + N}, Later + N}
     end || N <- lists:seq(1, Count)].

filled(Entries) ->
    Table = ets:new(sessions, [set, public, {read_concurrency, true}]),
    lists:foreach(fun(Entry) -> true = ets:insert(Table, Entry) end, Entries),
    Table.

look(_, _, _, 0) -> ok;
look(Table, Probes, Now, Left) ->
    [{_, _, End}] = ets:lookup(Table, element((Left band 65535) + 1, Probes)),
    true = End > Now,
    look(Table, Probes, Now, Left - 1).

took(Work) -> {Took, _} = timer:tc(Work), Took.
