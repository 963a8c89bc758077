curl --silent --show-error --fail-with-body --write-out '\n%{http_code}\n' \
  --request DELETE "https://api.minbil.no/api/co/auth/sessions/$MINBIL_SESSION_ID" \
  --header 'Accept: application/json' \
  --header "Authorization: Bearer $MINBIL_ACCESS_TOKEN" \
  --header "x-api-key: $MINBIL_API_KEY"
