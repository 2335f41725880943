<?php
// What a PHP program here uses, as life.mjs does for node. How a program tells what it saw, in living.py.

// Written past PHP's own output: once that has begun, no session can be started.
function say(array $what): void
{
    fwrite(STDOUT, json_encode($what, JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE | JSON_THROW_ON_ERROR) . "\n");
}

function introduce(string $client, string $version): void
{
    say(['client' => "$client, $version, php " . PHP_VERSION]);
}

class Wrong extends Exception {}

// A warning is an error.
set_error_handler(function (int $level, string $message): never {
    throw new Wrong($message);
});

function check(string $name, callable $part): void
{
    try {
        $part();
        say(['check' => $name]);
    } catch (Throwable $error) {
        // The last place outside of this file.
        $places = [['file' => $error->getFile(), 'line' => $error->getLine()], ...$error->getTrace()];
        $there = array_values(array_filter($places, fn ($place) => ($place['file'] ?? __FILE__) !== __FILE__));
        $place = basename($there[0]['file']) . ':' . $there[0]['line'];
        say(['check' => $name, 'error' => get_class($error) . ": {$error->getMessage()} ($place)"]);
    }
}

function equal(mixed $got, mixed $wanted): void
{
    if ($got !== $wanted) {
        throw new Wrong(substr(var_export($got, true), 0, 300) . ' instead of ' . substr(var_export($wanted, true), 0, 300));
    }
}

function holds(bool $what, mixed $note = null): void
{
    if (!$what) {
        throw new Wrong('does not hold: ' . var_export($note, true));
    }
}

// Returns when the server is there again.
function restart(): void
{
    say(['restart' => true]);
    if (fgets(STDIN) === false) {
        exit(1); // whoever started this is gone
    }
}

// Asks until the answer is true: for what time alone brings about.
function until(callable $answer): void
{
    $deadline = hrtime(true) + 10_000_000_000;
    while (!$answer()) {
        holds(hrtime(true) < $deadline, 'never true');
    }
}

// The fields of CLIENT INFO or of a line of CLIENT LIST.
function fields(string $line): array
{
    $fields = [];
    foreach (explode(' ', trim($line)) as $field) {
        [$name, $value] = explode('=', $field, 2);
        $fields[$name] = $value;
    }
    return $fields;
}

define('EVERY_BYTE', implode('', array_map('chr', range(0, 255))));
