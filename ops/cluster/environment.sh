# Environment of Ray's processes on the nodes of cluster.yaml, and of commands that call them; docs/deployment.md. Source it.
export RAY_USAGE_STATS_ENABLED=0
# The middleware of docs/throughput.md, "frame channels", and an early end for what is broken.
export RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH=deployments.proxy:middlewares
export RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S=2
export RAY_SERVE_REPLICA_AUTOSCALING_METRIC_PUSH_INTERVAL_S=2
export RAY_SERVE_HANDLE_AUTOSCALING_METRIC_PUSH_INTERVAL_S=2
export RAY_SERVE_FORCE_STOP_UNHEALTHY_REPLICAS=1
export RAY_ROTATION_MAX_BYTES=33554432
export RAY_ROTATION_BACKUP_COUNT=3
# Ray's ports and its dashboard are for who has the token.
export RAY_AUTH_MODE=token
export RAY_AUTH_TOKEN_PATH="$HOME/sokuji/secrets/ray-token"
# Who may use the service; without the file no gateway starts.
export SOKUJI_KEYS_FILE="$HOME/sokuji/secrets/keys.json"
# Lines of NAME=value: SOKUJI_MODELS_MIRROR, FORWARDED_ALLOW_IPS, keys of providers.
set -a
. "$HOME/sokuji/secrets/environment"
set +a
