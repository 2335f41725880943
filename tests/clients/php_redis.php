<?php
// php-redis lives its common life. Usage: php php_redis.php HOST PORT
require __DIR__ . '/life.php';

[, $host, $port] = $argv;
$port = (int) $port;

introduce('php-redis ' . phpversion('redis'), 'RESP2'); // this one has no other

function connect(?string $name = null): Redis
{
    global $host, $port;
    $redis = new Redis();
    $redis->connect($host, $port, 20);
    if ($name !== null) {
        $redis->client('setname', $name);
    }
    return $redis;
}

// An error is a false, and told when asked for; to some, php-redis adds a zero byte.
function fails(mixed $answer, string $message, Redis $redis): void
{
    equal($answer, false);
    equal(rtrim($redis->getLastError(), "\0"), $message);
    $redis->clearLastError();
}

// php-redis makes a new connection for one whose end it sees before it sends: the end comes before KILL's reply.
function kill(Redis $redis, int $id): void
{
    equal($redis->rawCommand('CLIENT', 'KILL', 'ID', $id), 1);
}

$client = connect('php-redis');
$part = fn (string $name, callable $body) => check($name, function () use ($client, $body) {
    $client->flushAll();
    $client->clearLastError();
    $body($client);
});
const NOT_A_NUMBER = 'ERR value is not an integer or out of range';

$part('connect', function (Redis $redis) use ($host, $port) {
    equal($redis->ping(), true);
    equal($redis->ping('päckchen'), 'päckchen');
    equal($redis->echo('hello'), 'hello');
    $info = fields($redis->rawCommand('CLIENT', 'INFO'));
    equal([$info['name'], $info['resp'], $info['db']], ['php-redis', '2', '0']);
    equal([$redis->isConnected(), $redis->getHost(), $redis->getPort()], [true, $host, $port]);
});

$part('values', function (Redis $redis) {
    equal($redis->set('k', 'v'), true);
    equal($redis->get('k'), 'v');
    equal($redis->get('absent'), false);
    $redis->set('schlüssel 🗝', 'wert 💎');
    equal($redis->get('schlüssel 🗝'), 'wert 💎');
    $redis->set(EVERY_BYTE, EVERY_BYTE);
    equal($redis->get(EVERY_BYTE), EVERY_BYTE);
    $redis->set('empty', '');
    equal($redis->get('empty'), '');
    $large = str_repeat("\r\n$-1", 200_000);
    $redis->set('large', $large);
    holds($redis->get('large') === $large);
    equal($redis->strlen('large'), strlen($large));
    equal($redis->del('k'), 1);
    equal($redis->del('k'), 0);

    equal($redis->set('k', '1', ['xx']), false);
    equal($redis->set('k', '1', ['nx']), true);
    equal($redis->set('k', '2', ['nx', 'ex' => 10]), false);
    equal($redis->rawCommand('SET', 'k', '3', 'GET'), '1');
    equal($redis->setnx('k', '4'), false);
    equal($redis->getSet('k', '5'), '3');
    equal($redis->rawCommand('GETDEL', 'k'), '5');
    equal($redis->append('k', 'Hello'), 5);
    equal($redis->append('k', ' World'), 11);
    equal($redis->getRange('k', -5, -1), 'World');
    equal($redis->rawCommand('SUBSTR', 'k', 0, 4), 'Hello');
    equal($redis->setRange('k', 6, 'there'), 11);
    equal($redis->get('k'), 'Hello there');
});

$part('expiry', function (Redis $redis) {
    $redis->set('k', 'v', 100);
    equal($redis->ttl('k'), 100);
    $redis->setex('k', 200, 'v');
    equal($redis->ttl('k'), 200);
    $redis->psetex('k', 300_000, 'v');
    holds($redis->pttl('k') > 290_000 && $redis->pttl('k') <= 300_000);
    equal($redis->persist('k'), true);
    equal($redis->ttl('k'), -1);
    equal($redis->ttl('absent'), -2);
    equal($redis->expire('k', 100), true);
    equal($redis->rawCommand('EXPIRE', 'k', 50, 'GT'), 0);
    holds($redis->rawCommand('EXPIRETIME', 'k') > time() + 90);
    equal($redis->rawCommand('GETEX', 'k', 'PERSIST'), 'v');
    equal($redis->ttl('k'), -1);
    equal($redis->expireAt('k', 4_000_000_000), true);
    equal($redis->rawCommand('PEXPIRETIME', 'k'), 4_000_000_000_000);
    $redis->set('keeps', '1', ['ex' => 100]);
    $redis->set('keeps', '2', ['keepttl']);
    equal($redis->ttl('keeps'), 100);
    equal($redis->pExpire('k', 1), true);
    until(fn () => $redis->exists('k') === 0);
    equal($redis->get('k'), false);
});

$part('many', function (Redis $redis) {
    equal($redis->mset(['a' => '1', 'b' => '2', 'ü' => '3']), true);
    equal($redis->mget(['a', 'absent', 'ü', 'b']), ['1', false, '3', '2']);
    equal($redis->msetnx(['c' => '1', 'a' => '2']), false);
    equal($redis->exists('a', 'a', 'c'), 2);
    equal($redis->rawCommand('TOUCH', 'a', 'b', 'c'), 2);
    equal($redis->del('a', 'c'), 1);
    equal($redis->unlink(['b', 'ü']), 2);
    equal($redis->dbSize(), 0);
});

$part('numbers', function (Redis $redis) {
    equal($redis->incr('n'), 1);
    equal($redis->incrBy('n', 41), 42);
    equal($redis->decr('n'), 41);
    equal($redis->decrBy('n', 50), -9);
    equal($redis->incrByFloat('f', 10.5), 10.5);
    equal($redis->incrByFloat('f', -0.25), 10.25);
    $redis->set('word', 'w');
    fails($redis->incr('word'), NOT_A_NUMBER, $redis);
});

// Its pool is of connections that outlive the object, and the request: who asks for the same address takes an idle one.
$part('pool', function (Redis $redis) use ($host, $port) {
    $take = function () use ($host, $port) {
        $one = new Redis();
        equal($one->pconnect($host, $port, 20), true);
        return $one;
    };
    $used = [];
    for ($round = 0; $round < 50; ++$round) {
        $each = [$take(), $take(), $take()];
        foreach ($each as $one) {
            $one->incr('n');
        }
        foreach ($each as $one) {
            $used[$one->client('id')] = true;
        }
        unset($each, $one); // gives them back
    }
    equal($redis->get('n'), '150');
    equal(count($used), 3);

    // One that was lost while nobody had it is not given out.
    foreach (array_keys($used) as $id) {
        kill($redis, $id);
    }
    $fresh = $take();
    equal($fresh->incr('n'), 151);
    holds(!isset($used[$fresh->client('id')]));
});

$part('pipeline', function (Redis $redis) {
    $redis->set('word', 'w');
    $pipe = $redis->pipeline();
    for ($at = 0; $at < 1000; ++$at) {
        $pipe->incr($at === 500 ? 'word' : 'n');
    }
    $answers = $pipe->exec();
    equal(array_splice($answers, 500, 1), [false]);
    equal($answers, range(1, 999));
    fails(false, NOT_A_NUMBER, $redis);
    equal($redis->multi(Redis::PIPELINE)->set('k', 'v')->get('k')->get('absent')->exec(), [true, 'v', false]);
});

$part('transaction', function (Redis $redis) {
    $answers = $redis->multi()->set('k', '1')->incr('k')->get('k')->mget(['k', 'absent'])->exec();
    equal($answers, [true, 2, '2', ['2', false]]);
    $other = connect();
    equal($redis->watch('k'), true);
    $other->set('k', '9');
    equal($redis->multi()->set('k', '1')->exec(), false);
    equal($redis->get('k'), '9');
    $redis->watch(['k', 'l']);
    equal($redis->unwatch(), true);
    $other->set('k', '10');
    equal($redis->multi()->incr('k')->exec(), [11]);
    $redis->watch('k');
    equal($redis->multi()->incr('k')->exec(), [12]);
    $redis->multi()->set('k', '0');
    equal($redis->discard(), true);
    equal($redis->get('k'), '12');
    $redis->set('word', 'w');
    equal($redis->multi()->set('x', '1')->incr('word')->exec(), [true, false]);
    equal($redis->get('x'), '1');
});

$part('scan', function (Redis $redis) {
    $wanted = array_map(fn ($at) => "page:$at", range(0, 999));
    sort($wanted);
    $redis->mset(array_fill_keys([...$wanted, 'user:1', 'user:2'], 'v'));
    $gather = function (...$options) use ($redis) {
        $found = [];
        $cursor = null;
        while (($keys = $redis->scan($cursor, ...$options)) !== false) {
            array_push($found, ...$keys);
        }
        $found = array_unique($found);
        sort($found);
        return $found;
    };
    foreach ([Redis::SCAN_RETRY, Redis::SCAN_NORETRY] as $empty) {
        $redis->setOption(Redis::OPT_SCAN, $empty);
        equal($gather('page:*', 100), $wanted);
        equal(count($gather('*', 0, 'string')), 1002);
        equal($gather('*', 500, 'zset'), []);
    }
    $keys = $redis->keys('user:?');
    sort($keys);
    equal($keys, ['user:1', 'user:2']);
});

$part('keys', function (Redis $redis) {
    $redis->set('k', 'v');
    equal($redis->type('k'), Redis::REDIS_STRING);
    equal($redis->type('absent'), Redis::REDIS_NOT_FOUND);
    equal($redis->rename('k', 'l'), true);
    fails($redis->rename('k', 'l'), 'ERR no such key', $redis);
    $redis->set('k', 'w');
    equal($redis->renameNx('k', 'l'), false);
    equal($redis->rawCommand('COPY', 'l', 'm'), 1);
    equal($redis->rawCommand('COPY', 'k', 'm'), 0);
    equal($redis->rawCommand('COPY', 'k', 'm', 'REPLACE'), 1);
    equal($redis->mget(['k', 'l', 'm']), ['w', 'v', 'w']);
    holds(in_array($redis->randomKey(), ['k', 'l', 'm'], true));
    equal($redis->dbSize(), 3);
    equal($redis->object('encoding', 'k'), 'embstr');
    holds($redis->rawCommand('MEMORY', 'USAGE', 'k') > 1);
});

$part('databases', function (Redis $redis) {
    $redis->set('k', 'zero');
    try {
        equal($redis->select(1), true);
        equal($redis->get('k'), false);
        $redis->mset(['k' => 'one', 'moves' => 'm']);
        equal($redis->move('moves', 0), true);
        equal($redis->flushDB(), true);
        equal($redis->dbSize(), 0);
        $redis->set('k', 'one');
    } finally {
        $redis->select(0);
    }
    equal($redis->mget(['k', 'moves']), ['zero', 'm']);
    $other = connect();
    $other->select(1);
    equal($other->getDBNum(), 1);
    equal($other->get('k'), 'one');
    equal($redis->swapdb(0, 1), true);
    equal($other->get('k'), 'zero');
    fails($other->select(16), 'ERR DB index is out of range', $other);
});

$part('clients', function (Redis $redis) {
    $other = connect('victim');
    $other->select(1);
    $id = $other->client('id');
    holds($id > $redis->client('id'));
    $names = array_column($redis->client('list'), 'name', 'id');
    equal($names[$id], 'victim');
    equal($redis->client('setname', 'renamed'), true);
    equal($redis->client('getname'), 'renamed');
    kill($redis, $id);
    equal($other->ping(), true);
    holds($other->client('id') !== $id);
    equal(fields($other->rawCommand('CLIENT', 'INFO'))['db'], '1'); // its name it forgets
});

$part('server', function (Redis $redis) use ($port) {
    $info = $redis->info();
    holds(version_compare($info['redis_version'], '7.4', '>='), $info['redis_version']);
    equal([$info['loading'], $info['role']], [0, 'master']);
    holds($info['used_memory'] > 0);
    equal($redis->info('server')['tcp_port'], $port);
    holds(ctype_digit($redis->config('GET', 'maxmem*')['maxmemory']));
    equal($redis->config('SET', 'timeout', '0'), true);
    equal($redis->config('GET', 'timeout'), ['timeout' => '0']);
    $commands = $redis->command();
    equal(count($commands), $redis->command('count'));
    equal(array_values(array_diff(['get', 'scan', 'watch', 'client'], array_column($commands, 0))), []);
    equal(array_slice($redis->command('info', 'get')[0], 0, 2), ['get', 2]);
    equal($redis->command('getkeys', ['mset', 'a', '1', 'b', '2']), ['a', 'b']);
    holds(abs($redis->time()[0] - time()) < 60);
    $redis->config('SET', 'slowlog-log-slower-than', '0');
    $redis->keys('slow');
    $redis->config('SET', 'slowlog-log-slower-than', '10000');
    holds(in_array(['KEYS', 'slow'], array_column($redis->slowlog('get'), 3), true));
    equal($redis->slowlog('reset'), true);
    equal($redis->role()[0], 'master');
});

$part('errors', function (Redis $redis) use ($host, $port) {
    fails($redis->rawCommand('NOSUCH', 'thing'), "ERR unknown command 'NOSUCH', with args beginning with: 'thing' ", $redis);
    fails($redis->rawCommand('GET'), "ERR wrong number of arguments for 'get' command", $redis);
    fails($redis->rawCommand('SET', 'k', 'v', 'EX', 'never'), NOT_A_NUMBER, $redis);
    fails($redis->rawCommand('SET', 'k', 'v', 'BOGUS'), 'ERR syntax error', $redis);
    fails($redis->setex('k', 0, 'v'), "ERR invalid expire time in 'setex' command", $redis);
    equal($redis->lPush('l', 'v'), false);
    equal($redis->eval('return 1'), false);
    try {
        connect()->auth(['nobody', 'none']);
        holds(false, 'let in');
    } catch (RedisException $error) {
        holds(str_starts_with($error->getMessage(), 'WRONGPASS invalid username-password pair'), $error->getMessage());
    }
    equal($redis->ping(), true);
});

// What a PHP project sets on its connection, and what it keeps there without knowing.
$part('prefix and serializer', function (Redis $redis) {
    $other = connect();
    $other->setOption(Redis::OPT_PREFIX, 'shop:');
    foreach ([Redis::SERIALIZER_PHP, Redis::SERIALIZER_IGBINARY, Redis::SERIALIZER_JSON] as $serializer) {
        $other->setOption(Redis::OPT_SERIALIZER, $serializer);
        $other->set('k', ['ü' => [1, 2.5, null]]);
        equal($other->get('k'), ['ü' => [1, 2.5, null]]);
    }
    equal($redis->get('shop:k'), '{"\u00fc":[1,2.5,null]}');
    $redis->set('k', 'of others');
    $other->setOption(Redis::OPT_SCAN, Redis::SCAN_PREFIX);
    $cursor = null;
    $found = [];
    while (($keys = $other->scan($cursor, '*')) !== false) {
        array_push($found, ...$keys);
    }
    equal($found, ['shop:k']);
});

$part('sessions', function (Redis $redis) use ($host, $port) {
    ini_set('session.save_handler', 'redis');
    ini_set('session.save_path', "tcp://$host:$port?database=2&prefix=sess:&persistent=1");
    ini_set('session.gc_maxlifetime', '100');
    ini_set('session.use_cookies', '0');
    ini_set('session.cache_limiter', '');
    $visit = function (?string $id) {
        session_id($id ?? session_create_id());
        session_start();
        $_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
        $visits = $_SESSION['visits'];
        session_write_close();
        return [session_id(), $visits];
    };
    [$id, $visits] = $visit(null);
    equal([$visits, $visit($id)[1], $visit($id)[1], $visit(null)[1]], [1, 2, 3, 1]);
    $redis->select(2);
    try {
        equal($redis->ttl("sess:$id"), 100);
        session_id($id);
        session_start();
        session_destroy();
        equal($redis->exists("sess:$id"), 0);
        equal($redis->dbSize(), 1);
    } finally {
        $redis->select(0);
    }
    equal($visit($id)[1], 1);
});

$part('reconnect', function (Redis $redis) use ($host, $port) {
    $kept = new Redis();
    $kept->pconnect($host, $port, 20);
    $redis->select(1);
    $redis->set('k', 'before');
    restart();
    equal($redis->get('k'), false);
    equal($redis->set('k', 'after'), true);
    equal($redis->multi()->get('k')->exec(), ['after']);
    equal($kept->get('k'), false); // the other one is in its database still
    equal($kept->select(1), true);
    equal($kept->get('k'), 'after');
});
