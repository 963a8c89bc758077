curl --silent --show-error --fail-with-body --write-out '\n%{http_code}\n' \
  --request POST 'https://api.minbil.no/api/co/auth/resend-verification' \
  --header 'Accept: application/json' \
  --header 'Content-Type: application/json' \
  --header "x-api-key: $MINBIL_API_KEY" \
  --data '{
    "email": "owner@minbil.io"
  }'
