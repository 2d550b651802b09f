#!/usr/bin/env escript
%%! +P 1000000
%% What supervision costs in Erlang/OTP: one number per call, for the bench.
%%   start N      microseconds per child started under one simple_one_for_one
%%   stop N       microseconds per child, of a supervisor that stops
%%   restart N    microseconds from a kill to its successor, the median of 1,000, with N siblings
%%   ask N        gen_server calls per second
%%   send N       messages per second between two processes
%%   memory N     bytes per idle child
-module(otp_supervision).
-mode(compile).
-export([main/1, init/1, start_child/0, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

main([What, Count]) ->
    process_flag(trap_exit, true),
    ok = logger:set_primary_config(level, none),
    io:format("~w~n", [float(measure(list_to_atom(What), list_to_integer(Count)))]).

init(sup) ->
    {ok, {#{strategy => simple_one_for_one, intensity => 1000000, period => 1},
          [#{id => child, start => {?MODULE, start_child, []}}]}};
init(child) -> {ok, 0}.

start_child() -> gen_server:start_link(?MODULE, child, []).

handle_call(ask, _From, State) -> {reply, State, State};
handle_call({register, Pid}, _From, _State) -> {reply, ok, Pid}.
handle_cast({ping, 0, Done}, Peer) -> Done ! done, {noreply, Peer};
handle_cast({ping, N, Done}, Peer) -> gen_server:cast(Peer, {ping, N - 1, Done}), {noreply, Peer}.
handle_info(_, State) -> {noreply, State}.
terminate(_, _) -> ok.

started(Count) ->
    {ok, Sup} = supervisor:start_link(?MODULE, sup),
    Took = took(fun() -> [{ok, _} = supervisor:start_child(Sup, []) || _ <- lists:seq(1, Count)] end),
    {Sup, Took}.

took(Work) -> {Took, _} = timer:tc(Work), Took.

measure(start, Count) -> {_, Took} = started(Count), Took / Count;
measure(stop, Count) ->
    {Sup, _} = started(Count),
    took(fun() -> gen_server:stop(Sup, shutdown, infinity) end) / Count;
measure(restart, Count) ->
    {Sup, _} = started(Count),
    Times = [restart(Sup) || _ <- lists:seq(1, 1000)],
    lists:nth(500, lists:sort(Times));
measure(ask, Count) ->
    {ok, Pid} = start_child(),
    Count * 1000000 / took(fun() -> [gen_server:call(Pid, ask) || _ <- lists:seq(1, Count)] end);
measure(send, Count) ->
    {ok, A} = start_child(), {ok, B} = start_child(),
    ok = gen_server:call(A, {register, B}), ok = gen_server:call(B, {register, A}),
    Self = self(),
    Count * 1000000 / took(fun() -> gen_server:cast(A, {ping, Count, Self}), receive done -> ok end end);
measure(memory, Count) ->
    erlang:garbage_collect(),
    Before = erlang:memory(total),
    {_Sup, _} = started(Count),
    [erlang:garbage_collect(P) || P <- processes()],
    (erlang:memory(total) - Before) / Count.

%% A supervisor that answers has seen the kill: its answer comes behind the successor's start.
restart(Sup) ->
    {ok, Pid} = supervisor:start_child(Sup, []),
    Ref = monitor(process, Pid),
    Took = took(fun() ->
        exit(Pid, kill),
        receive {'DOWN', Ref, process, Pid, _} -> ok end,
        {error, not_found} = supervisor:get_childspec(Sup, self())
    end),
    Took.
