curl --silent --show-error --fail-with-body --write-out '\n%{http_code}\n' \
  --request GET 'https://api.minbil.no/api/co/auth/me' \
  --header 'Accept: application/json' \
  --header "Authorization: Bearer $MINBIL_ACCESS_TOKEN" \
  --header "x-api-key: $MINBIL_API_KEY"
