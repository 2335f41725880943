# What a Ruby program here uses, as life.mjs does for node. How a program tells what it saw, in living.py.
require "json"

$stdout.sync = true

class Wrong < StandardError; end

def say(what) = puts(JSON.generate(what))

def introduce(client, version) = say({ client: "#{client}, #{version}, ruby #{RUBY_VERSION}" })

def check(name)
  yield
  say({ check: name })
rescue StandardError => e
  place = e.backtrace.grep_v(/life\.rb/).filter_map { |line| line[/\w+_\w+\.rb:\d+/] }.first
  say({ check: name, error: "#{e.class}: #{e.message} (#{place})" })
end

def equal(got, wanted)
  raise Wrong, "#{got.inspect[..300]} instead of #{wanted.inspect[..300]}" unless got == wanted
end

def holds(what, note = nil)
  raise Wrong, "does not hold #{note.inspect if note}" unless what
end

# The error of this class that the block raises has a message like this.
def fails(kind, message)
  yield
rescue kind => e
  raise Wrong, "#{e.message.inspect} instead of #{message.inspect}" unless message === e.message
else
  raise Wrong, "no #{kind} with #{message.inspect}"
end

# Returns when the server is there again.
def restart
  say({ restart: true })
  $stdin.gets or abort "whoever started this is gone"
end

# Asks until the answer is true: for what time alone brings about.
def until_true
  deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 10
  until yield
    raise Wrong, "never true" if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
  end
end

# The fields of CLIENT INFO or of a line of CLIENT LIST.
def fields(line) = line.split.to_h { |field| field.split("=", 2) }
