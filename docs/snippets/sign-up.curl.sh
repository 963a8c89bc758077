curl --silent --show-error --fail-with-body --write-out '\n%{http_code}\n' \
  --request POST 'https://api.minbil.no/api/co/auth/sign-up' \
  --header 'Accept: application/json' \
  --header 'Content-Type: application/json' \
  --header "x-api-key: $MINBIL_API_KEY" \
  --data '{
    "email": "new.owner@example.com",
    "password": "StrongPass123!"
  }'
