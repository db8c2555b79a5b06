return current_epoch(KEYS[1], ARGV[1])
