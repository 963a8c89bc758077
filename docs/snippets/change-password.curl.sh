curl --silent --show-error --fail-with-body --write-out '\n%{http_code}\n' \
  --request POST 'https://api.minbil.no/api/co/auth/change-password' \
  --header 'Accept: application/json' \
  --header 'Content-Type: application/json' \
  --header "Authorization: Bearer $MINBIL_ACCESS_TOKEN" \
  --header "x-api-key: $MINBIL_API_KEY" \
  --data '{
    "current_password": "StrongPass123!",
    "new_password": "EvenStronger456!"
  }'
