# Appended to users.sh, where the stack makes snapshots.
call -X PUT https://__HOST__/_security/role/backup -d '__ROLE__'
printf '{"password": "%s", "roles": ["backup"], "full_name": "Snapshots and their restore"}' "$(password backup)" > /tmp/user
call -X PUT https://__HOST__/_security/user/backup -d @/tmp/user
